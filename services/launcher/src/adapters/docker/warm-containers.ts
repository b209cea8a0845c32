import { sandboxName } from '@roundhouse/contracts';
import { profileKey } from '../../domain/profile-key.ts';
import { type HandOver, openHandOver } from '../../handlers/hand-over-client.ts';
import type { StartOrder, WarmOrder, WarmView } from '../../ports.ts';
import { clearAfterFault, clearSlot } from './clear-slot.ts';
import { type DockerParts, needEngine } from './docker-parts.ts';
import type { HandleOf, WarmSubject } from './handle.ts';
import { warmName } from './names.ts';
import { attemptConfig } from './runner-config.ts';
import { atSocket, connect, layAhead, newWarmHandle, runContainer } from './start-warm.ts';
import type { UsedContainers } from './used-containers.ts';

/** A runner that waits already says so at once when a new launcher connects. */
const ADOPT_MS = 3_000;
/**
 * How long a runner may take to prove that an attempt is its own. One that is gone is seen at once; one that is only slow, on
 * a machine where many begin together, would be slower still if it had to be started anew.
 */
const TAKEN_MS = 5_000;

/**
 * Containers whose runner waits for an attempt. The hand-over connection is kept open, so that to hand over is one write;
 * a runner whose launcher is gone goes on listening.
 */
export class WarmContainers {
  readonly #connections = new Map<string, HandOver>();
  /** The base that a slot's worktree was laid over ahead. */
  readonly #laid = new Map<string, string>();
  /** Null where each is used once. */
  readonly #used: UsedContainers | null;
  /** What goes on behind an answer that was given. */
  readonly #behind = new Set<Promise<void>>();
  /** The last name that a slot's container is being given: the names of one that is used again come in quick succession. */
  readonly #renaming = new Map<string, Promise<void>>();

  constructor(used: UsedContainers | null) {
    this.#used = used;
  }

  /** Starts one; resolves when its runner is ready. Nothing is left of one that does not get there. */
  async start(order: WarmOrder, parts: DockerParts, signal: AbortSignal): Promise<void> {
    needEngine(parts);
    const handle = await newWarmHandle(order, parts);
    try {
      const { box, id } = await runContainer(handle, { renewable: this.#used !== null }, parts);
      const [connection, laid] = await Promise.all([
        connect(box, id, parts, signal),
        layAhead(handle, parts, { atOnce: false }),
      ]);
      this.#connections.set(handle.slot, connection);
      if (laid !== null) this.#laid.set(handle.slot, laid);
    } catch (error) {
      await clearAfterFault(handle.slot, parts);
      throw error;
    }
  }

  /** Connects again to one that an earlier launcher started; ends it where it is of no use any more. */
  async adopt(handle: HandleOf<WarmSubject>, container: string | null, parts: DockerParts): Promise<void> {
    if (this.#connections.get(handle.slot)?.isOpen === true) return;
    const box = container === null ? null : await parts.storage.reopen(handle.slot);
    try {
      if (container === null || box === null) throw new Error('its container or its slot is gone');
      if (handle.tree !== parts.tree) throw new Error('it runs an older runner');
      const connection = await atSocket(box, (path) => openHandOver(path, AbortSignal.timeout(ADOPT_MS)));
      this.#connections.set(handle.slot, connection);
    } catch (error) {
      parts.log.info({ warmId: handle.subject.warmId, err: error }, 'a warm sandbox of before is ended');
      await clearSlot(handle.slot, parts);
    }
  }

  /** One that had an attempt, and whose runner waits again. */
  receive(
    { slot, subject }: HandleOf<WarmSubject>,
    { connection, laid }: { readonly connection: HandOver; readonly laid: string | null },
    parts: DockerParts,
  ): void {
    this.#connections.set(slot, connection);
    if (laid !== null) this.#laid.set(slot, laid);
    this.#renameBehind(slot, warmName(subject.warmId), parts);
  }

  list({ handles }: DockerParts): WarmView[] {
    return handles.warm().map(({ slot, subject: { warmId, profile }, createdAt }) => ({
      warmId,
      profile,
      isReady: this.#connections.get(slot)?.isOpen === true,
      createdAtMs: Date.parse(createdAt),
    }));
  }

  /** No call of the engine stands between this call and the runner's word. */
  async assign(
    warmId: string,
    order: StartOrder,
    parts: DockerParts,
    signal: AbortSignal,
  ): Promise<'taken' | 'refused'> {
    const { handles, checkouts, hasEgress, log } = parts;
    const warm = handles.ofWarm(warmId);
    if (warm === undefined) return 'refused';
    const { slot, hubObjects } = warm;
    const connection = this.#connections.get(slot);
    this.#connections.delete(slot);
    const laid = this.#laid.get(slot);
    this.#laid.delete(slot);
    if (connection?.isOpen !== true) return await this.#refuse(slot, 'its runner is gone', parts);
    // The caller sees to it; but what another project left must be nobody's who asks wrongly.
    if (!isFor(order, warm, parts)) return await this.#refuse(slot, 'it was made for another profile', parts);
    const { taskId, attempt } = order;
    const assigned = { ...warm, subject: { kind: 'attempt', taskId, attempt } } as const;
    try {
      const [worktree] = await Promise.all([
        laid === order.baseCommit
          ? ('prepared' as const)
          : checkouts.lay(slot, { ...order, hubObjects }, { atOnce: true }),
        // Before the secret is sent: from then on it is that attempt's, whatever happens to us.
        handles.putQuickly({ ...assigned, subject: { ...assigned.subject, phase: 'assigning' } }),
      ]);
      const mark = sandboxName(taskId, attempt);
      const config = attemptConfig(order, { worktree, hasHub: hubObjects !== null, hasEgress });
      const bound = AbortSignal.any([signal, AbortSignal.timeout(TAKEN_MS)]);
      const again = this.#used?.begin(warm, connection, order) ?? false;
      const answer = await connection.assign({ type: 'assign', mark, config, again }, bound);
      if (!again || answer.outcome === 'refused') connection.close();
      if (answer.outcome === 'refused') return await this.#refuse(slot, answer.reason, parts);
    } catch (error) {
      this.#used?.forget(slot);
      connection.close();
      await clearAfterFault(slot, parts);
      throw error;
    }
    const begun = { ...assigned, subject: { ...assigned.subject, phase: 'begun' } } as const;
    this.#keepOn(handles.put(begun), 'the handle of a warm sandbox could not be synced', log);
    this.#renameBehind(slot, sandboxName(taskId, attempt), parts);
    return 'taken';
  }

  /** What has an attempt by now is left alone. */
  async end(warmId: string, parts: DockerParts): Promise<void> {
    const handle = parts.handles.ofWarm(warmId);
    if (handle === undefined) return;
    this.#connections.get(handle.slot)?.close();
    this.#connections.delete(handle.slot);
    this.#laid.delete(handle.slot);
    await clearSlot(handle.slot, parts);
  }

  /** Lets go of the runners; they wait on. */
  async close(): Promise<void> {
    for (const connection of this.#connections.values()) connection.close();
    this.#connections.clear();
    await Promise.all(this.#behind);
  }

  async #refuse(slot: string, reason: string, parts: DockerParts): Promise<'refused'> {
    parts.log.warn({ slot, reason }, 'a warm sandbox did not take its attempt');
    this.#used?.forget(slot);
    await clearSlot(slot, parts);
    return 'refused';
  }

  #renameBehind(slot: string, name: string, parts: DockerParts): void {
    const renamed = (this.#renaming.get(slot) ?? Promise.resolve())
      .catch(() => undefined)
      .then(() => rename(slot, name, parts))
      .finally(() => {
        if (this.#renaming.get(slot) === renamed) this.#renaming.delete(slot);
      });
    this.#renaming.set(slot, renamed);
    this.#keepOn(renamed, 'a warm sandbox could not be renamed', parts.log);
  }

  #keepOn(act: Promise<void>, fault: string, log: DockerParts['log']): void {
    const watched = act
      // The handle that is written already and the label are what counts; the name is for people.
      .catch((error: unknown) => log.warn({ err: error }, fault))
      .finally(() => this.#behind.delete(watched));
    this.#behind.add(watched);
  }
}

/** Its project, image and limits are those of the container, whatever it was started for. */
function isFor(order: StartOrder, { image, limits, subject }: HandleOf<WarmSubject>, parts: DockerParts): boolean {
  const own = { projectId: subject.profile.projectId, image, limits };
  return profileKey({ ...order, image: order.image ?? parts.image }) === profileKey(own);
}

async function rename(slot: string, name: string, { containers, engine }: DockerParts): Promise<void> {
  const id = await containers.ofSlot(slot);
  if (id !== null) await engine.rename(id, name);
}
