import { chmod, lstat, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DOORS, SLOT_NAME_LENGTH } from '@roundhouse/contracts';

/** How the names of sockets begin that are not in their place yet. */
export const DOOR_BEING_MADE = '.door-';
/** What is older was left by a relay that was killed between making a socket and placing it, milliseconds. */
const LEFT_OVER_MS = 60_000;
/** sun_path holds 108 bytes on Linux and 104 on macOS, the final NUL included (unix(7)). */
const MAX_SOCKET_BYTES = 103;
const LONGEST_NAME = Math.max(
  ...[`${DOOR_BEING_MADE}01234567`, ...Object.values(DOORS).map(({ socket }) => socket)].map(({ length }) => length),
);

/**
 * Makes the folder that has a folder of doors for each slot, 0755 and this user's: whoever may write in it could put a
 * socket of his own in the place of ours. Throws, with words for a person, where that cannot be had.
 */
export async function prepareDoorsFolder(folder: string): Promise<void> {
  const longest = MAX_SOCKET_BYTES - '/'.length - SLOT_NAME_LENGTH - '/'.length - LONGEST_NAME;
  if (Buffer.byteLength(folder) > longest) {
    throw new Error(`ROUNDHOUSE_DOORS: sockets need a folder whose path has at most ${longest} bytes: ${folder}`);
  }
  await mkdir(folder, { recursive: true, mode: 0o755 });
  const found = await lstat(folder);
  const isOurs = found.isDirectory() && found.uid === process.getuid?.();
  // A sticky folder is one that many share, such as /tmp; its mode is not ours to change.
  if (!isOurs || (found.mode & 0o1000) !== 0) {
    throw new Error(`ROUNDHOUSE_DOORS: ${folder} is not a folder of this user's own`);
  }
  if ((found.mode & 0o777) !== 0o755) await chmod(folder, 0o755);
}

/** Removes the sockets in a slot's folder that never got to their place. */
export async function removeLeftOvers(folder: string): Promise<void> {
  for (const entry of await readdir(folder)) {
    if (!entry.startsWith(DOOR_BEING_MADE)) continue;
    const path = join(folder, entry);
    const found = await lstat(path).catch(() => null);
    if (found !== null && Date.now() - found.mtimeMs > LEFT_OVER_MS) await rm(path, { force: true });
  }
}
