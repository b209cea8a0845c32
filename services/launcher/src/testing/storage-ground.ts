import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, readdir, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Logger } from '@roundhouse/host';
import { eventually } from './eventually.ts';

const run = promisify(execFile);

export const USER = { uid: 1000, gid: 1000 } as const;

/** Null where mounts can be tested, else why not. In CI they always are: what is missing there is a failure. */
export const whyNoMounts = (): string | null =>
  process.platform === 'linux' && process.getuid?.() === 0
    ? null
    : process.env['CI'] !== 'true'
      ? 'mounts can only be made by root on Linux'
      : null;

export interface Ground {
  readonly root: string;
  readonly lines: { level: string; fields: object; message: string }[];
  readonly log: Logger;
  /** Fails where a mount or a loop device of this ground is left; deletes its folder. */
  end(): Promise<void>;
}

/** A fresh folder for a storage, with what it logs. */
export async function makeGround(): Promise<Ground> {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'rh-ss-')));
  const lines: Ground['lines'] = [];
  const note = (level: string) => (fields: object, message: string) => void lines.push({ level, fields, message });
  const log = { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') };
  const end = async (): Promise<void> => {
    const left = await mountsUnder(root);
    const areFree = await eventually(async () => (await loopsUnder(root)).length === 0, 'loop devices').catch(
      () => false,
    );
    const loops = areFree ? [] : await loopsUnder(root);
    // So that one test's fault is not that of all after it.
    for (const point of left.toReversed()) await run('umount', ['-l', point]);
    await rm(root, { recursive: true, force: true });
    if (left.length + loops.length > 0) throw new Error(`left: ${[...left, ...loops].join(', ')}`);
  };
  return { root, lines, log, end };
}

export async function mountsUnder(root: string): Promise<string[]> {
  const points = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n').map((line) => line.split(' ')[4] ?? '');
  return points.filter((point) => point === root || point.startsWith(`${root}/`));
}

async function loopsUnder(root: string): Promise<string[]> {
  const found: string[] = [];
  for (const name of await readdir('/sys/block')) {
    const file = await readFile(join('/sys/block', name, 'loop/backing_file'), 'utf8').catch(() => '');
    if (file.startsWith(`${root}/`)) found.push(`${name} ${file.trim()}`);
  }
  return found;
}

/** Unmounts all as a restart of the host does, loop devices and all. */
export async function unmountByHand(root: string): Promise<void> {
  for (const point of (await mountsUnder(root)).toReversed()) {
    // A loop device lets go of its file a moment after its mount is gone, and until then holds the mount that has the file.
    await eventually(() => run('umount', [point]).then(() => true, isBusy), `${point} is unmounted`);
  }
}

function isBusy(error: Error): false {
  if (!error.message.includes('target is busy')) throw error;
  return false;
}

/** Runs a shell script as this process's user; resolves with what it printed. */
export async function shell(script: string): Promise<string> {
  return (await run('/bin/sh', ['-ec', script])).stdout.trim();
}

/** Runs a shell script as the sandbox's user; resolves with its exit code and what it printed. */
export async function asUser(cwd: string, script: string): Promise<{ code: number | null; out: string }> {
  const child = spawn('/bin/bash', ['-c', script], {
    ...USER,
    cwd,
    env: { PATH: '/usr/bin:/bin', HOME: cwd, LC_ALL: 'C' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => (out += data.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, out: out.trim() };
}
