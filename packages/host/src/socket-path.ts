import { createHash } from 'node:crypto';
import { lstat, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** sun_path holds 108 bytes on Linux and 104 on macOS, the final NUL included (unix(7)). */
const MAX_SOCKET_BYTES = 103;

/** Where the socket of a private Redis lies: in its folder, or in the short one that stands for it. */
export const socketPath = async (folder: string): Promise<string> =>
  join(await socketFolder(folder, ['redis.sock']), 'redis.sock');

/**
 * Where sockets of these names lie that belong to a folder: in it, or, where a path would be too long for the system, in a
 * private folder under the temporary one. Its name is made of the folder's path, so that a later owner looks in the same
 * place.
 */
export async function socketFolder(folder: string, names: readonly string[]): Promise<string> {
  if (names.every((name) => Buffer.byteLength(join(folder, name)) <= MAX_SOCKET_BYTES)) return folder;
  const short = join(tmpdir(), `roundhouse-${createHash('sha256').update(folder).digest('hex').slice(0, 16)}`);
  await mkdir(short, { recursive: true, mode: 0o700 });
  // Anybody can make a folder under the temporary one first, so it is looked at before it is trusted.
  const found = await lstat(short);
  if (!found.isDirectory() || found.uid !== process.getuid?.() || (found.mode & 0o077) !== 0) {
    throw new Error(`${short} is not a private folder of this user; remove it or choose a shorter data folder`);
  }
  return short;
}
