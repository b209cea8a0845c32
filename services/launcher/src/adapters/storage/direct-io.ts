import { readlink, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { runProgram } from './program.ts';

const TIMEOUT_MS = 30_000;
const LOOP_MAJOR = 7;

/**
 * Lets the loop device that is mounted at `point` write past the host's page cache, which would hold everything twice:
 * measured, large writes are 3 to 6 times and many small files 2 times as fast. Throws where the host's file system
 * cannot do it; the device works on as it was.
 */
export async function useDirectIo(point: string, losetup: string): Promise<void> {
  const device = await loopDeviceOf(point);
  if (device !== null) await runProgram(losetup, ['--direct-io=on', device], { timeoutMs: TIMEOUT_MS });
}

async function loopDeviceOf(point: string): Promise<string | null> {
  const { dev } = await stat(point, { bigint: true });
  // makedev(3): twelve bits of the major number stand between the low and the high bits of the minor one.
  const major = Number((dev >> 8n) & 0xfffn);
  const minor = Number((dev & 0xffn) | ((dev >> 12n) & 0xfff00n));
  if (major !== LOOP_MAJOR) return null;
  return join('/dev', basename(await readlink(`/sys/dev/block/${major}:${minor}`)));
}
