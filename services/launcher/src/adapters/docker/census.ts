import { SandboxesAwayError } from '../../ports.ts';
import { clearSlot } from './clear-slot.ts';
import type { DockerParts } from './docker-parts.ts';
import { type Observation, observe } from './observe.ts';
import type { OneShots } from './one-shot.ts';
import type { WarmContainers } from './warm-containers.ts';

/** Finds what there is, and sees to it that what is nobody's goes. */
export class Census {
  readonly #parts: DockerParts;
  readonly #oneShots: OneShots;
  readonly #warm: WarmContainers;
  readonly #reaping = new Map<string, Promise<void>>();
  #isRecovered = false;

  constructor(parts: DockerParts, oneShots: OneShots, warm: WarmContainers) {
    this.#parts = parts;
    this.#oneShots = oneShots;
    this.#warm = warm;
  }

  /** Looks, and removes the containers and doors that nothing of ours speaks of; it does not wait for containers' end. */
  async take(): Promise<Observation> {
    const { engine, containers, handles, storage, doors } = this.#parts;
    const [rows, slots] = await Promise.all([engine.list([containers.label]), storage.slots()]);
    const { runs } = this.#oneShots;
    const observation = observe({ handles: handles.all(), containers: rows, slots, runs, now: Date.now() });
    for (const id of observation.strays) this.#reap(id);
    await doors.sweep((slot) => handles.of(slot) !== undefined);
    return observation;
  }

  /** The engine is there, for the first time or again: what an earlier launcher left is taken over, or goes. */
  async connected(): Promise<void> {
    const { containers, handles, storage, doors } = this.#parts;
    await containers.look();
    if (!this.#isRecovered) await doors.forgetHalfMade();
    const found = await this.take();
    if (this.#isRecovered) return;
    const adoptions = handles.warm().map((handle) => {
      const container = found.containers.get(handle.slot);
      return this.#warm.adopt(handle, container?.isRunning === true ? container.id : null, this.#parts);
    });
    const { spoilt } = handles;
    const ownerless = (await storage.slots()).filter(
      ({ slot }) => handles.of(slot) === undefined && !spoilt.includes(slot),
    );
    await this.#all([
      ...adoptions,
      ...ownerless.map(({ slot }) => clearSlot(slot, this.#parts)),
      ...spoilt.map((slot) => this.#setAside(slot)),
    ]);
    this.#isRecovered = true;
  }

  async close(): Promise<void> {
    await Promise.all(this.#reaping.values());
  }

  /** What cannot be dealt with is said and left; only an engine that is away again is a reason to begin anew. */
  async #all(acts: readonly Promise<void>[]): Promise<void> {
    for (const result of await Promise.allSettled(acts)) {
      if (result.status === 'fulfilled') continue;
      if (result.reason instanceof SandboxesAwayError) throw result.reason;
      this.#parts.log.warn({ err: result.reason as unknown }, 'something that an earlier launcher left stays');
    }
  }

  async #setAside(slot: string): Promise<void> {
    const { containers, storage, handles, log } = this.#parts;
    const name = `unknown-${slot}`;
    await containers.removeOf(slot);
    await storage.keep(slot, name);
    await handles.drop(slot);
    log.error({ slot, kept: storage.keptPath(name) }, 'a handle cannot be read; what its sandbox wrote is kept');
  }

  #reap(id: string): void {
    if (this.#reaping.has(id)) return;
    const { engine, log } = this.#parts;
    const container = id.slice(0, 12);
    const removed = engine
      .remove(id)
      .then(() => log.info({ container }, 'a container without an owner was removed'))
      // It is seen again, and tried again, at the next look.
      .catch((error: unknown) => log.warn({ container, err: error }, 'a container without an owner stays'))
      .finally(() => this.#reaping.delete(id));
    this.#reaping.set(id, removed);
  }
}
