import { randomUUID } from 'node:crypto';
import { HAND_OVER_SOCKET } from '@roundhouse/contracts';
import { profileKey } from '../../domain/profile-key.ts';
import { type AttemptRef, SandboxesAwayError } from '../../ports.ts';
import { clearAfterFault } from './clear-slot.ts';
import type { DockerParts } from './docker-parts.ts';
import { EngineAwayError } from './engine-call.ts';
import type { AttemptSubject, HandleOf, WarmSubject } from './handle.ts';
import { newSlot } from './names.ts';
import { layAhead } from './start-warm.ts';
import type { UsedContainer, UsedContainers } from './used-containers.ts';
import type { WarmContainers } from './warm-containers.ts';

/**
 * Makes the container of an attempt that is over a warm one, with an empty box; answers its new warm id. Null where it is
 * not to be, or cannot be: its runner is then told to end, and it is the attempt's until it is removed like any other.
 * Until the handles say otherwise it is that attempt's for whoever finds it, however far this has come.
 */
export async function recycleContainer(
  ref: AttemptRef,
  containers: { readonly used: UsedContainers; readonly warm: WarmContainers },
  parts: DockerParts,
): Promise<string | null> {
  const handle = parts.handles.ofAttempt(ref);
  const used = handle === undefined ? null : containers.used.take(handle.slot);
  if (handle === undefined || used === null) return null;
  const startedAt = Date.now();
  try {
    await assertFit(handle, used, parts);
    const remains = newSlot();
    await parts.storage.renew(handle.slot, { keep: [HAND_OVER_SOCKET], remains });
    if (!used.connection.isOpen) throw new Error('its runner is gone');
    const warm = warmHandle(handle, used, parts);
    await parts.handles.recycle(leftOver(handle, remains), warm);
    const laid = await layAhead(warm, parts, { atOnce: true });
    containers.warm.receive(warm, { connection: used.connection, laid }, parts);
    const { warmId, uses } = warm.subject;
    parts.log.info({ ...ref, warmId, uses, ms: Date.now() - startedAt }, 'a container is warm again');
    return warmId;
  } catch (error) {
    parts.log.warn({ ...ref, err: error }, 'a container is not used again; it is ended');
    if (error instanceof EngineAwayError) parts.watch.doubt();
    used.connection.close();
    if (parts.handles.of(handle.slot)?.subject.kind === 'warm') await clearAfterFault(handle.slot, parts);
    else await endRunner(handle, parts);
    return null;
  }
}

/** Throws words for a person where it is not what a new one would be. Whether it is clean, its runner has said. */
async function assertFit(
  { slot, image, limits, tree }: HandleOf<AttemptSubject>,
  { profile }: UsedContainer,
  parts: DockerParts,
): Promise<void> {
  const { containers, engine } = parts;
  const [id, now] = await Promise.all([containers.ofSlot(slot), engine.image(image)]);
  const found = id === null ? null : await engine.inspect(id);
  if (found?.isRunning !== true) throw new Error('it does not run any more');
  if (found.isOomKilled) throw new Error('a process in it was killed for want of memory');
  if (now?.id !== found.image) throw new Error(`${image} is another image by now`);
  if (tree !== parts.tree) throw new Error('it runs an older runner');
  const { projectId } = profile;
  const wanted = profileKey({ ...profile, image: profile.image ?? parts.image });
  if (profileKey({ projectId, image, limits }) !== wanted) throw new Error('its image or its limits are others by now');
}

function warmHandle(
  { slot, image, limits, hubObjects, tree }: HandleOf<AttemptSubject>,
  { profile, uses }: UsedContainer,
  { checkouts }: DockerParts,
): HandleOf<WarmSubject> {
  const headCommit = checkouts.headOf(profile.projectId) ?? profile.headCommit;
  return {
    slot,
    image,
    limits,
    hubObjects,
    tree,
    subject: { kind: 'warm', warmId: randomUUID(), profile: { ...profile, headCommit }, uses },
    configFile: null,
    createdAt: new Date().toISOString(),
  };
}

const leftOver = (handle: HandleOf<AttemptSubject>, slot: string): HandleOf<AttemptSubject> => ({
  ...handle,
  slot,
  subject: { ...handle.subject, phase: 'over' },
});

/** It waits for an attempt that will not come. Its end is seen like any other's. */
async function endRunner({ slot }: HandleOf<AttemptSubject>, parts: DockerParts): Promise<void> {
  try {
    const id = await parts.containers.ofSlot(slot);
    if (id !== null) await parts.engine.kill(id, 'SIGTERM');
  } catch (error) {
    // What is left is ended when the engine is back.
    if (!(error instanceof SandboxesAwayError)) throw error;
  }
}
