import { access, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { runProgram } from './program.ts';

const LOOP_MAJOR = 7;
const CONTROL = { path: '/dev/loop-control', major: 10, minor: 237 } as const;
const TIMEOUT_MS = 5_000;

/**
 * Makes the nodes that loop devices lack in this /dev (a container's own has none; the kernel makes them in a host's).
 * Answers whether one was made, so that it is worth trying again. Where making them is not allowed, none is.
 */
export async function makeLoopNodes(mknod: string | null): Promise<boolean> {
  if (mknod === null) return false;
  const names = await readdir('/sys/block').catch(() => []);
  const wanted = [
    { path: CONTROL.path, type: 'c', major: CONTROL.major, minor: CONTROL.minor },
    ...names.flatMap((name) => {
      const minor = /^loop(\d+)$/.exec(name)?.[1];
      return minor === undefined
        ? []
        : [{ path: join('/dev', name), type: 'b', major: LOOP_MAJOR, minor: Number(minor) }];
    }),
  ];
  const made = await Promise.all(wanted.map((node) => makeNode(mknod, node)));
  return made.includes(true);
}

async function makeNode(
  mknod: string,
  { path, type, major, minor }: { path: string; type: string; major: number; minor: number },
): Promise<boolean> {
  try {
    await access(path);
    return false;
  } catch {
    const args = ['-m', '0600', path, type, String(major), String(minor)];
    // Refused, or made by a call beside this one: the mount that is tried next says what is wrong.
    return await runProgram(mknod, args, { timeoutMs: TIMEOUT_MS }).then(
      () => true,
      () => false,
    );
  }
}
