import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { askEngine } from './engine-ask.ts';
import { launchersContainers } from './mounted-folders.ts';

const UNMOUNT_MS = 10_000;
const run = promisify(execFile);

/**
 * Removes the containers that have a part of the folder mounted, and what is mounted in the folder itself: what is left
 * when a launcher was ended the hard way. Where it ended in order, it finds nothing to do.
 * @returns what could not be removed, in words
 */
export async function sweepContainers(socket: string, folder: string): Promise<string[]> {
  const all = await launchersContainers(socket);
  const ours = all.filter(({ folders }) => folders.some((mounted) => isBelow(mounted, folder)));
  const answers = await Promise.all(
    ours.map(async ({ id }) => ({ id, ...(await askEngine(socket, 'DELETE', `/containers/${id}?force=true&v=true`)) })),
  );
  // 404: gone meanwhile. 409: somebody removes it right now.
  const left = answers.filter(({ status }) => ![204, 404, 409].includes(status));
  return [...left.map(({ id }) => `container ${id.slice(0, 12)}`), ...(await unmountBelow(folder))];
}

/** Unmounts the deepest first; what was mounted twice is unmounted twice. */
async function unmountBelow(folder: string): Promise<string[]> {
  const table = await readFile('/proc/self/mountinfo', 'utf8').catch(() => '');
  const points = table
    .split('\n')
    .map((line) => (line.split(' ')[4] ?? '').replaceAll('\\040', ' '))
    .filter((point) => isBelow(point, folder))
    .toReversed();
  const left: string[] = [];
  for (const point of points) {
    await run('umount', ['--', point], { timeout: UNMOUNT_MS }).catch(() => left.push(`mount ${point}`));
  }
  return left;
}

const isBelow = (path: string, folder: string): boolean => path === folder || path.startsWith(`${folder}/`);
