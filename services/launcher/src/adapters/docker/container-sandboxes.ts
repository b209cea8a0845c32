import { type LimitKind, type SandboxProfile, sandboxName } from '@roundhouse/contracts';
import type {
  ArchiveOrder,
  ArchiveOutcome,
  AttemptRef,
  Readiness,
  SandboxView,
  Sandboxes,
  StartOrder,
  WarmOrder,
  WarmView,
} from '../../ports.ts';
import type { Archives } from './archive.ts';
import { isThere } from './box-file.ts';
import type { Census } from './census.ts';
import { endSlot } from './clear-slot.ts';
import { type DockerParts, needEngine } from './docker-parts.ts';
import { EngineAwayError } from './engine-call.ts';
import { LABEL } from './names.ts';
import { recycleContainer } from './recycle-container.ts';
import { hasWork, startAttempt } from './start-attempt.ts';
import type { UsedContainers } from './used-containers.ts';
import type { WarmContainers } from './warm-containers.ts';

/** How a program ends that was killed, counted as shells do. */
const KILLED = 137;

/**
 * Sandboxes that are hardened containers. The port's words (../../ports.ts) say what each call promises; the steps are in
 * the files beside this one. All the state is in the handles, the engine's labels and the storage's slots.
 */
export class DockerSandboxes implements Sandboxes {
  readonly #parts: DockerParts;
  readonly #warm: WarmContainers;
  readonly #census: Census;
  readonly #archives: Archives;
  readonly #used: UsedContainers | null;
  /** The attempts that we ended ourselves while they ran. */
  readonly #endedByUs = new Set<string>();

  constructor(
    parts: DockerParts,
    others: { warm: WarmContainers; census: Census; archives: Archives; used: UsedContainers | null },
  ) {
    this.#parts = parts;
    this.#warm = others.warm;
    this.#census = others.census;
    this.#archives = others.archives;
    this.#used = others.used;
  }

  /** The work of it was done when the engine first answered. */
  recover(): Promise<SandboxView[]> {
    return this.list();
  }

  async list(): Promise<SandboxView[]> {
    needEngine(this.#parts);
    return (await this.#doubting(() => this.#census.take())).views;
  }

  start(order: StartOrder, signal?: AbortSignal): Promise<void> {
    return this.#doubting(() => startAttempt(order, this.#parts, signal));
  }

  readiness(): Readiness {
    return this.#parts.watch.readiness;
  }

  async prepare(profile: SandboxProfile, signal: AbortSignal): Promise<void> {
    const { image, containers, checkouts } = this.#parts;
    needEngine(this.#parts);
    await containers.haveImage(profile.image ?? image);
    const { projectId, headCommit, hubObjects } = profile;
    if (headCommit !== null) checkouts.headMoved(projectId, headCommit);
    if (headCommit === null || !(await isThere(hubObjects))) return;
    await checkouts.have({ projectId, commit: headCommit, hubObjects }, signal);
  }

  startWarm(order: WarmOrder, signal: AbortSignal): Promise<void> {
    return this.#doubting(() => this.#warm.start(order, this.#parts, signal));
  }

  listWarm(): Promise<WarmView[]> {
    return Promise.resolve(this.#warm.list(this.#parts));
  }

  assign(warmId: string, order: StartOrder, signal: AbortSignal): Promise<'taken' | 'refused'> {
    return this.#warm.assign(warmId, order, this.#parts, signal);
  }

  endWarm(warmId: string): Promise<void> {
    return this.#warm.end(warmId, this.#parts);
  }

  async recycle(ref: AttemptRef): Promise<string | null> {
    const [used, warm] = [this.#used, this.#warm];
    return used === null ? null : await recycleContainer(ref, { used, warm }, this.#parts);
  }

  async windDown(ref: AttemptRef, signal: AbortSignal): Promise<void> {
    const { handles, containers, engine, watch } = this.#parts;
    const handle = handles.ofAttempt(ref);
    const id = handle === undefined ? null : await containers.ofSlot(handle.slot);
    if (id === null) return;
    await engine.kill(id, 'SIGTERM');
    await watch.ended(id, signal).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  }

  async end(ref: AttemptRef): Promise<void> {
    const handle = this.#parts.handles.ofAttempt(ref);
    if (handle === undefined) return;
    this.#used?.forget(handle.slot);
    const outcome = await this.#doubting(() => endSlot(handle.slot, this.#parts));
    if (outcome === 'killed') this.#endedByUs.add(nameOf(ref));
  }

  async limitHit(ref: AttemptRef): Promise<LimitKind | null> {
    const { handles, containers, engine } = this.#parts;
    const handle = handles.ofAttempt(ref);
    const id = handle === undefined ? null : await containers.ofSlot(handle.slot);
    const found = id === null ? null : await engine.inspect(id);
    // The engine remembers whatever process ran out of memory. Only where the runner itself was killed, and not by us,
    // is that how the attempt ended.
    const isKilled = found?.exitCode === KILLED && !this.#endedByUs.has(nameOf(ref));
    return isKilled && found.isOomKilled ? 'oom' : null;
  }

  hasWork(ref: AttemptRef): Promise<boolean> {
    return hasWork(ref, this.#parts);
  }

  archive(order: ArchiveOrder, signal: AbortSignal): Promise<ArchiveOutcome> {
    return this.#archives.archive(order, this.#parts, signal);
  }

  async remove(ref: AttemptRef): Promise<void> {
    const { handles, containers, storage } = this.#parts;
    this.#endedByUs.delete(nameOf(ref));
    const handle = handles.ofAttempt(ref);
    if (handle === undefined) return;
    await containers.removeOf(handle.slot);
    await storage.remove(handle.slot);
  }

  async discard(ref: AttemptRef): Promise<void> {
    const { handles, storage } = this.#parts;
    const handle = handles.ofAttempt(ref);
    if (handle === undefined) return;
    await storage.discard(handle.slot);
    await handles.drop(handle.slot);
  }

  keptPath(ref: AttemptRef): string {
    return this.#parts.storage.keptPath(nameOf(ref));
  }

  async keep(ref: AttemptRef): Promise<void> {
    const { handles, containers, storage } = this.#parts;
    this.#endedByUs.delete(nameOf(ref));
    const handle = handles.ofAttempt(ref);
    if (handle === undefined) return;
    await containers.removeOf(handle.slot);
    await storage.keep(handle.slot, nameOf(ref));
    await handles.drop(handle.slot);
  }

  /** Also those of runners that an earlier launcher started. */
  onExited(listener: (ref: AttemptRef, how: number | string) => void): void {
    this.#parts.watch.onDied(({ labels: { [LABEL.slot]: slot, [LABEL.run]: run }, exitCode }) => {
      const handle = slot === undefined || run !== undefined ? undefined : this.#parts.handles.of(slot);
      if (handle?.subject.kind !== 'attempt') return;
      const { taskId, attempt } = handle.subject;
      listener({ taskId, attempt }, exitCode);
    });
  }

  onIdle(listener: (ref: AttemptRef) => void): void {
    this.#used?.onIdle(listener);
  }

  onReadiness(listener: (readiness: Readiness) => void): void {
    this.#parts.watch.onReadiness(listener);
  }

  async close(): Promise<void> {
    this.#used?.close();
    await Promise.all([this.#warm.close(), this.#parts.checkouts.close()]);
    await this.#parts.watch.close();
    await this.#census.close();
  }

  /** A call that the engine did not answer is reason to look whether it is there. */
  async #doubting<T>(act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (error) {
      if (error instanceof EngineAwayError) this.#parts.watch.doubt();
      throw error;
    }
  }
}

const nameOf = ({ taskId, attempt }: AttemptRef): string => sandboxName(taskId, attempt);
