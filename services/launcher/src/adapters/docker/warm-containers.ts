import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { HAND_OVER_SOCKET, sandboxName } from '@roundhouse/contracts';
import { type HandOver, openHandOver } from '../../handlers/hand-over-client.ts';
import { MAX_SOCKET_PATH_BYTES } from '../../handlers/socket-when-there.ts';
import type { StartOrder, WarmOrder, WarmView } from '../../ports.ts';
import { isThere } from './box-file.ts';
import { clearAfterFault, clearSlot, diesEarly } from './clear-slot.ts';
import { type DockerParts, needEngine } from './docker-parts.ts';
import type { HandleOf, WarmSubject } from './handle.ts';
import { LABEL, newSlot, warmName } from './names.ts';
import { attemptConfig, awaitsAttempt } from './runner-config.ts';

/** How long a runner may take to load what it needs. */
const READY_MS = 30_000;
/** A runner that waits already says so at once when a new launcher connects. */
const ADOPT_MS = 3_000;
/** How long a runner may take to prove that an attempt is its own. */
const TAKEN_MS = 2_000;

/**
 * Containers whose runner waits for an attempt. The hand-over connection is kept open, so that to hand over is one write;
 * a runner whose launcher is gone goes on listening.
 */
export class WarmContainers {
  readonly #connections = new Map<string, HandOver>();
  /** The base that a slot's worktree was laid over ahead. */
  readonly #laid = new Map<string, string>();
  /** What goes on behind an answer that was given. */
  readonly #behind = new Set<Promise<void>>();

  /** Starts one; resolves when its runner is ready. Nothing is left of one that does not get there. */
  async start(order: WarmOrder, parts: DockerParts, signal: AbortSignal): Promise<void> {
    needEngine(parts);
    const handle = await newHandle(order, parts);
    try {
      const { box, id } = await runContainer(handle, parts);
      const [connection, laid] = await Promise.all([connect(box, id, parts, signal), layAhead(handle, parts)]);
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
      const answer = await connection.assign({ type: 'assign', mark, config, again: false }, bound);
      connection.close();
      if (answer.outcome === 'refused') return await this.#refuse(slot, answer.reason, parts);
    } catch (error) {
      connection.close();
      await clearAfterFault(slot, parts);
      throw error;
    }
    const begun = { ...assigned, subject: { ...assigned.subject, phase: 'begun' } } as const;
    this.#keepOn(handles.put(begun), 'the handle of a warm sandbox could not be synced', log);
    this.#keepOn(rename(slot, sandboxName(taskId, attempt), parts), 'a warm sandbox could not be renamed', log);
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
    await clearSlot(slot, parts);
    return 'refused';
  }

  #keepOn(act: Promise<void>, fault: string, log: DockerParts['log']): void {
    const watched = act
      // The handle that is written already and the label are what counts; the name is for people.
      .catch((error: unknown) => log.warn({ err: error }, fault))
      .finally(() => this.#behind.delete(watched));
    this.#behind.add(watched);
  }
}

/** Most attempts begin where the project is now; for those the worktree is there before they are. Answers its base. */
async function layAhead(
  { slot, hubObjects, subject: { profile } }: HandleOf<WarmSubject>,
  { checkouts }: DockerParts,
): Promise<string | null> {
  const { projectId, headCommit } = profile;
  if (headCommit === null) return null;
  const laid = await checkouts.lay(slot, { projectId, baseCommit: headCommit, hubObjects }, { atOnce: false });
  return laid === 'prepared' ? headCommit : null;
}

async function rename(slot: string, name: string, { containers, engine }: DockerParts): Promise<void> {
  const id = await containers.ofSlot(slot);
  if (id !== null) await engine.rename(id, name);
}

async function newHandle({ warmId, profile }: WarmOrder, parts: DockerParts): Promise<HandleOf<WarmSubject>> {
  const { handles, image, tree } = parts;
  const handle = {
    slot: newSlot(),
    subject: { kind: 'warm', warmId, profile },
    image: profile.image ?? image,
    limits: profile.limits,
    hubObjects: (await isThere(profile.hubObjects)) ? profile.hubObjects : null,
    configFile: null,
    tree,
    createdAt: new Date().toISOString(),
  } as const;
  await handles.put(handle);
  return handle;
}

async function runContainer(
  { slot, subject, image, limits, hubObjects }: HandleOf<WarmSubject>,
  { storage, containers, engine }: DockerParts,
): Promise<{ box: string; id: string }> {
  const box = await storage.make(slot, limits);
  const name = warmName(subject.warmId);
  const id = await containers.create({
    kind: 'warm',
    name,
    labels: { [LABEL.slot]: slot },
    mark: name,
    image,
    limits,
    argv: awaitsAttempt(),
    box,
    seesMounts: storage.worktrees === 'overlay',
    isDiskHeld: storage.isDiskHeld,
    hubObjects,
    doorsOf: slot,
  });
  await engine.start(id);
  return { box, id };
}

async function connect(box: string, id: string, parts: DockerParts, signal: AbortSignal): Promise<HandOver> {
  const over = new AbortController();
  const died = diesEarly(id, over.signal, parts);
  died.catch(() => undefined);
  const bound = AbortSignal.any([signal, over.signal, AbortSignal.timeout(READY_MS)]);
  try {
    return await Promise.race([atSocket(box, (path) => openHandOver(path, bound)), died]);
  } finally {
    over.abort();
  }
}

/** The path of a Unix socket is short; a folder that is open can be named shortly, however long its own path is. */
async function atSocket<T>(box: string, act: (path: string) => Promise<T>): Promise<T> {
  const whole = join(box, HAND_OVER_SOCKET);
  if (Buffer.byteLength(whole) <= MAX_SOCKET_PATH_BYTES) return await act(whole);
  const folder = await open(box, 'r');
  try {
    return await act(`/proc/self/fd/${folder.fd}/${HAND_OVER_SOCKET}`);
  } finally {
    await folder.close();
  }
}
