import { mkdir, statfs } from 'node:fs/promises';
import { dirname, join, basename } from 'node:path';
import { moveAtomic } from '@roundhouse/host';
import { deleteTree } from './delete-tree.ts';
import { findProgram, runProgram } from './program.ts';

const MEASURE_MS = 60_000;
const COPY_MS = 300_000;
/** Left free for everybody else on that disk. */
const MARGIN_KIB = 1_048_576;

/**
 * Copies a box out of what it is mounted from, so that `to` is a plain folder: with owners, modes and links as they are, at
 * once in its place when whole. Null when it is there, else why it is not, in words that follow "because".
 */
export async function copyBox(box: string, to: string): Promise<string | null> {
  const [du, cp] = await Promise.all([findProgram('du'), findProgram('cp')]);
  if (du === null || cp === null) return 'du or cp is not installed';
  const part = join(dirname(to), `.part-${basename(to)}`);
  await mkdir(dirname(to), { recursive: true, mode: 0o700 });
  try {
    const neededKib = Number.parseInt(await runProgram(du, ['-sk', '--', box], { timeoutMs: MEASURE_MS }), 10);
    const { bavail, bsize } = await statfs(dirname(to));
    const freeKib = (bavail * bsize) / 1_024;
    if (!(neededKib + MARGIN_KIB < freeKib)) return `it takes ${neededKib} KiB and ${Math.floor(freeKib)} KiB are free`;
    await deleteTree(part);
    await runProgram(cp, ['-a', '--', box, part], { timeoutMs: COPY_MS });
    return (await moveAtomic(part, to)) === 'moved' ? null : `${to} is taken`;
  } catch (error) {
    await deleteTree(part);
    return error instanceof Error ? error.message : String(error);
  }
}
