import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { HAND_OVER_SOCKET } from '@roundhouse/contracts';
import { type HandOver, openHandOver } from '../../handlers/hand-over-client.ts';
import { MAX_SOCKET_PATH_BYTES } from '../../handlers/socket-when-there.ts';
import type { WarmOrder } from '../../ports.ts';
import { isThere } from './box-file.ts';
import { diesEarly } from './clear-slot.ts';
import type { DockerParts } from './docker-parts.ts';
import type { HandleOf, WarmSubject } from './handle.ts';
import { LABEL, newSlot, warmName } from './names.ts';
import { awaitsAttempt } from './runner-config.ts';

/** How long a runner may take to load what it needs. */
const READY_MS = 30_000;

export async function newWarmHandle(
  { warmId, profile }: WarmOrder,
  parts: DockerParts,
): Promise<HandleOf<WarmSubject>> {
  const { handles, image, tree } = parts;
  const handle = {
    slot: newSlot(),
    subject: { kind: 'warm', warmId, profile, uses: 0 },
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

export async function runContainer(
  { slot, subject, image, limits, hubObjects }: HandleOf<WarmSubject>,
  { renewable }: { readonly renewable: boolean },
  { storage, containers, engine }: DockerParts,
): Promise<{ box: string; id: string }> {
  const box = await storage.make(slot, { ...limits, renewable });
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

/** Resolves when its runner is ready. */
export async function connect(box: string, id: string, parts: DockerParts, signal: AbortSignal): Promise<HandOver> {
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
export async function atSocket<T>(box: string, act: (path: string) => Promise<T>): Promise<T> {
  const whole = join(box, HAND_OVER_SOCKET);
  if (Buffer.byteLength(whole) <= MAX_SOCKET_PATH_BYTES) return await act(whole);
  const folder = await open(box, 'r');
  try {
    return await act(`/proc/self/fd/${folder.fd}/${HAND_OVER_SOCKET}`);
  } finally {
    await folder.close();
  }
}

/** Most attempts begin where the project is now; for those the worktree is there before they are. Answers its base. */
export async function layAhead(
  { slot, hubObjects, subject: { profile } }: HandleOf<WarmSubject>,
  { checkouts }: DockerParts,
  options: { readonly atOnce: boolean },
): Promise<string | null> {
  const { projectId, headCommit } = profile;
  if (headCommit === null) return null;
  const laid = await checkouts.lay(slot, { projectId, baseCommit: headCommit, hubObjects }, options);
  return laid === 'prepared' ? headCommit : null;
}
