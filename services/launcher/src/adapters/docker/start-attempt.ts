import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { sandboxName } from '@roundhouse/contracts';
import { configTaken } from '../../handlers/config-taken.ts';
import type { AttemptRef, StartOrder } from '../../ports.ts';
import { isThere, newConfigFile, writeConfig } from './box-file.ts';
import { clearAfterFault, clearSlot, diesEarly } from './clear-slot.ts';
import { type DockerParts, needEngine } from './docker-parts.ts';
import type { AttemptSubject, HandleOf } from './handle.ts';
import { LABEL, newSlot } from './names.ts';
import { attemptConfig, readsConfig } from './runner-config.ts';

/** How long a start is held back at most for the sake of pacing. */
const START_PACE_MS = 10_000;

/** Starts a sandbox for an attempt, from nothing. See the port's `start`. */
export async function startAttempt(order: StartOrder, parts: DockerParts, signal?: AbortSignal): Promise<void> {
  const { handles, storage, containers, doors, engine } = parts;
  needEngine(parts);
  const earlier = handles.ofAttempt(order);
  if (earlier !== undefined) {
    if (await isLive(earlier, parts)) return;
    // A claim is granted only before the runner has connected, and without that it has no worktree. If there is one all
    // the same, it is not this call that throws it away.
    if (await hasWork(order, parts)) throw new Error(`${nameOf(order)} has work of an earlier start in it`);
    await clearSlot(earlier.slot, parts);
  }
  const handle = await newHandle(order, parts);
  const { slot, limits, image, hubObjects } = handle;
  const [box] = await Promise.all([storage.make(slot, limits), doors.make(slot)]);
  // The relay opens them while the container is made; nothing but its start needs them.
  const opened = doors.opened(slot, signal);
  opened.catch(() => undefined);
  const [id, worktree] = await Promise.all([
    containers.create({
      kind: 'attempt',
      name: nameOf(order),
      labels: { [LABEL.slot]: slot, [LABEL.task]: order.taskId, [LABEL.attempt]: String(order.attempt) },
      mark: nameOf(order),
      image,
      limits,
      argv: readsConfig(handle.configFile),
      box,
      seesMounts: storage.worktrees === 'overlay',
      isDiskHeld: storage.isDiskHeld,
      hubObjects,
      doorsOf: slot,
    }),
    parts.checkouts.lay(slot, order, { atOnce: false }),
  ]);
  const config = attemptConfig(order, { worktree, hasHub: hubObjects !== null, hasEgress: parts.hasEgress });
  await writeConfig(box, handle.configFile, config, parts.user);
  try {
    await opened;
  } catch (error) {
    // Nothing of it has run, and whoever comes next begins anew.
    await clearAfterFault(slot, parts);
    throw error;
  }
  await engine.start(id);
  await Promise.all([
    handles.put({ ...handle, subject: { ...handle.subject, phase: 'begun' } }),
    taken(id, join(box, handle.configFile), parts),
  ]);
}

/** Whether there may be work in the sandbox of an attempt: a worktree in which its runner can have been. */
export async function hasWork(ref: AttemptRef, { handles, storage }: DockerParts): Promise<boolean> {
  const handle = handles.ofAttempt(ref);
  if (handle === undefined) return false;
  const box = await storage.reopen(handle.slot);
  if (box === null) return false;
  // A runner that has not read its configuration has never been anywhere.
  if (handle.configFile !== null && (await isThere(join(box, handle.configFile)))) return false;
  try {
    return (await readdir(join(box, 'worktree'))).length > 0;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

const nameOf = ({ taskId, attempt }: AttemptRef): string => sandboxName(taskId, attempt);

async function isLive({ slot, subject }: HandleOf<AttemptSubject>, parts: DockerParts): Promise<boolean> {
  // A warm one whose hand-over was cut short may never hear of its attempt.
  if (subject.phase === 'assigning') return false;
  const id = await parts.containers.ofSlot(slot);
  return id !== null && (await parts.engine.inspect(id))?.isRunning === true;
}

/** Written before anything else is made, so that nothing is ever there that no handle speaks of. */
async function newHandle(
  order: StartOrder,
  { handles, image, tree }: DockerParts,
): Promise<HandleOf<AttemptSubject> & { readonly configFile: string }> {
  const { taskId, attempt, limits, hubObjects } = order;
  const handle = {
    slot: newSlot(),
    subject: { kind: 'attempt', taskId, attempt, phase: 'starting' },
    image: order.image ?? image,
    limits,
    hubObjects: hubObjects !== null && (await isThere(hubObjects)) ? hubObjects : null,
    configFile: newConfigFile(),
    tree,
    createdAt: new Date().toISOString(),
  } as const;
  await handles.put(handle);
  return handle;
}

/** Resolves when the runner has taken its configuration, or after a bound; rejects when it ends without. */
async function taken(id: string, file: string, parts: DockerParts): Promise<void> {
  const over = new AbortController();
  const died = diesEarly(id, over.signal, parts);
  const paced = delay(START_PACE_MS, undefined, { signal: over.signal });
  for (const wait of [died, paced]) wait.catch(() => undefined);
  try {
    // A folder that cannot be watched is only not paced: the sandbox runs.
    const read = configTaken(file, over.signal).catch(() => paced);
    await Promise.race([read, paced, died.catch((error: unknown) => ended(error, file))]);
  } finally {
    over.abort();
  }
}

/** A runner that took its configuration and ended at once has begun: how it ended is for others to see. */
async function ended(error: unknown, file: string): Promise<void> {
  if (await isThere(file)) throw error;
}
