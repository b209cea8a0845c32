import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startTimeOf } from './process-table.ts';
import { endProcessTree, findProcesses } from './process-tree.ts';

let folder: string;
let mark: string;
const started: ChildProcess[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'host-tree-'));
  mark = `test-${process.pid}-${Math.random().toString(16).slice(2)}`;
});
afterEach(async () => {
  await endProcessTree({ mark, folder }, { graceMs: 0, killMs: 5_000 });
  for (const child of started.splice(0)) child.kill('SIGKILL');
  await rm(folder, { recursive: true });
});

/** Starts a program and resolves with the pid that it prints as its first line. */
async function start(argv: readonly string[], options: { cwd?: string; marked?: boolean } = {}): Promise<number> {
  const child = spawn(argv[0] as string, argv.slice(1), {
    cwd: options.cwd ?? '/',
    env: { PATH: process.env['PATH'], ...(options.marked === false ? {} : { ROUNDHOUSE_SANDBOX: mark }) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  started.push(child);
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  return Number(line);
}

const isAlive = async (pid: number): Promise<boolean> => (await startTimeOf(pid)) !== null;
const stubborn = `trap '' TERM HUP; echo $$; while :; do sleep 1; done`;

describe('endProcessTree', () => {
  it('H-3: ends an interactive shell, which heeds SIGHUP only, without SIGKILL', async () => {
    const note = join(folder, 'hung-up');
    await start([
      'sh',
      '-c',
      `trap '' TERM; trap 'echo bye > ${note}; exit 0' HUP; echo $$; while :; do sleep 0.05; done`,
    ]);
    expect(await endProcessTree({ mark }, { graceMs: 20_000, killMs: 5_000 })).toEqual({ left: [] });
    expect(await readFile(note, 'utf8')).toBe('bye\n');
  });

  it('H-3: ends an agent that ignores SIGTERM and SIGHUP, after the grace', async () => {
    const pid = await start(['sh', '-c', stubborn]);
    const before = Date.now();
    expect(await endProcessTree({ mark }, { graceMs: 300, killMs: 5_000 })).toEqual({ left: [] });
    expect(Date.now() - before).toBeGreaterThanOrEqual(300);
    expect(await isAlive(pid)).toBe(false);
  });

  it('H-3: lets one that obeys end by itself, well before the grace is over', async () => {
    const note = join(folder, 'said-goodbye');
    await start(['sh', '-c', `trap 'echo bye > ${note}; exit 0' TERM; echo $$; while :; do sleep 0.05; done`]);
    const before = Date.now();
    expect(await endProcessTree({ mark }, { graceMs: 50_000, killMs: 5_000 })).toEqual({ left: [] });
    expect(Date.now() - before).toBeLessThan(25_000);
    expect(await readFile(note, 'utf8')).toBe('bye\n');
  });

  it('H-4: ends one that forked twice and left its session', async () => {
    const pid = await start(['sh', '-c', `(setsid sh -c "${stubborn.replaceAll('$', '\\$')}" &) ; exit 0`]);
    expect(await isAlive(pid)).toBe(true);
    expect(await findProcesses({ mark })).toContain(pid);
    expect(await endProcessTree({ mark }, { graceMs: 100, killMs: 5_000 })).toEqual({ left: [] });
    expect(await isAlive(pid)).toBe(false);
  });

  it('H-4: finds one that cleared its environment by its working folder', async () => {
    const argv = ['env', '-i', '/bin/sh', '-c', '/bin/sleep 60 & echo $!; wait'];
    const pid = await start(argv, { cwd: folder });
    expect(await findProcesses({ mark })).toEqual([]);
    expect(await findProcesses({ mark, folder })).toContain(pid);
    expect(await endProcessTree({ mark, folder }, { graceMs: 1_000, killMs: 5_000 })).toEqual({ left: [] });
    expect(await isAlive(pid)).toBe(false);
  });

  it('H-4: finds one whose working folder was removed', async () => {
    const inner = await mkdtemp(join(folder, 'inner-'));
    const pid = await start(['env', '-i', '/bin/sh', '-c', 'echo $$; exec /bin/sleep 60'], { cwd: inner });
    await rm(inner, { recursive: true });
    expect(await findProcesses({ mark, folder })).toEqual([pid]);
  });

  it('H-4: finds the descendants of a root that bears no mark', async () => {
    const pid = await start(['sh', '-c', 'sleep 60 & echo $!; wait'], { marked: false });
    const root = started.at(-1)?.pid as number;
    expect((await findProcesses({ mark, roots: [root] })).sort()).toEqual([root, pid].sort());
  });

  it('H-4: wakes and ends one that is stopped', async () => {
    const pid = await start(['sh', '-c', 'echo $$; exec sleep 60']);
    process.kill(pid, 'SIGSTOP');
    expect(await endProcessTree({ mark }, { graceMs: 5_000, killMs: 1_000 })).toEqual({ left: [] });
  });

  it('H-4: ends one that forks anew whenever it is asked to end', async () => {
    const script = `spawn() { sh -c "$0" "$0" & }; trap 'spawn' TERM; echo $$; while :; do sleep 0.1; done`;
    await start(['sh', '-c', script, script]);
    expect(await endProcessTree({ mark }, { graceMs: 200, killMs: 5_000 })).toEqual({ left: [] });
    expect(await findProcesses({ mark })).toEqual([]);
  });

  it('H-5: leaves alone what belongs to others, what is excepted and the caller', async () => {
    const other = await start(['sh', '-c', 'echo $$; exec sleep 60'], { marked: false });
    const kept = await start(['sh', '-c', 'echo $$; exec sleep 60']);
    const ended = await start(['sh', '-c', 'echo $$; exec sleep 60']);
    const tree = { mark, roots: [process.pid], except: [kept, other] };
    expect(await findProcesses(tree)).not.toContain(process.pid);
    expect(await endProcessTree({ mark, except: [kept] }, { graceMs: 1_000, killMs: 1_000 })).toEqual({ left: [] });
    expect([await isAlive(other), await isAlive(kept), await isAlive(ended)]).toEqual([true, true, false]);
  });

  it('H-5: the folder of another sandbox whose name begins the same is another folder', async () => {
    const sibling = `${folder}-2`;
    const { mkdir } = await import('node:fs/promises');
    await mkdir(sibling);
    try {
      await start(['sh', '-c', 'echo $$; exec sleep 60'], { cwd: sibling, marked: false });
      expect(await findProcesses({ mark, folder })).toEqual([]);
    } finally {
      await rm(sibling, { recursive: true });
    }
  });

  it('H-5: a hundred questions at once are answered by a few scans, each with what was there when it was asked', async () => {
    const pid = await start(['sh', '-c', 'echo $$; exec sleep 60']);
    const answers = await Promise.all(Array.from({ length: 100 }, () => findProcesses({ mark })));
    expect(answers.every((answer) => answer.length === 1 && answer[0] === pid)).toBe(true);
  });
});
