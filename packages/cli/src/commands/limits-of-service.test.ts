import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ApiClient, DEFAULT_LIMITS, type LauncherState, type Project, type Task } from '@roundhouse/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dataPaths } from '../data-folder.ts';

const MAIN = fileURLToPath(new URL('../../dist/bundle/main.js', import.meta.url));

let folder: string;
let data: string;
let service: ChildProcess;
let api: string;
beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'cli-limits-')));
  data = join(folder, 'data');
  service = spawn(process.execPath, [MAIN, 'up', '--json', '--port', '0', '--data', data], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ROUNDHOUSE_LOG_LEVEL: 'error' },
  });
  const [line] = (await once(service.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
  ({ api } = JSON.parse(line.toString('utf8')) as { api: string });
}, 60_000);
afterAll(async () => {
  const ended = once(service, 'close');
  service.kill('SIGTERM');
  await ended;
  await rm(folder, { recursive: true });
}, 40_000);

/** Runs one command to its end. */
const run = (...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> =>
  new Promise((resolve) => {
    const words = args.includes('--') ? args.indexOf('--') : args.length;
    const all = [MAIN, ...args.slice(0, words), '--data', data, ...args.slice(words)];
    execFile(process.execPath, all, { cwd: folder }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
const runJson = async <T>(...args: string[]): Promise<T> => {
  const { stdout, stderr } = await run(...args, '--json');
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as T;
};

describe('against a service', () => {
  it('LM-5: a task and a project get their limits from options; a wrong one is bad usage', async () => {
    const limits = ['--memory', '512', '--cpus', '0.5', '--pids', '64', '--disk', '256', '--timeout', '1h30m'];
    const project = await runJson<Project>('project', 'add', '--name', 'pushed', '--image', 'debian:12', ...limits);
    const merged = { memoryMb: 512, cpus: 0.5, pids: 64, diskMb: 256, wallClockSeconds: 5_400 };
    expect(project).toMatchObject({ source: null, image: 'debian:12', limits: { ...DEFAULT_LIMITS, ...merged } });
    const words = await run('project', 'add', '--name', 'pushed');
    expect(words).toMatchObject({ code: 0, stderr: expect.stringContaining('git push http') as string });
    expect(words.stdout).toContain(project.id);

    const task = await runJson<Task>('task', 'run', 'x', '--prompt', 'x', '--memory', '128', '--timeout', '10m');
    expect(task.limits).toEqual({ ...DEFAULT_LIMITS, memoryMb: 128, wallClockSeconds: 600 });
    expect((await run('task', 'show', task.id)).stdout).toMatch(/128 MiB memory, 2 cpus, 512 pids.*10m/);
    for (const wrong of [
      ['--memory', '1'],
      ['--memory', 'x'],
      ['--timeout', '1s'],
      ['--timeout', 'x'],
      ['--image', '-x'],
    ]) {
      expect([wrong, (await run('task', 'run', 'x', '--prompt', 'x', ...wrong)).code]).toEqual([wrong, 2]);
    }
  }, 60_000);

  it('LM-4, LM-5: who waits for a task that runs out of time is told so, with exit code 7', async () => {
    const started = performance.now();
    const slow = ['task', 'run', 'slow', '--prompt', 'x', '--wait'];
    const { code, stderr } = await run(...slow, '--timeout', '5', '--', 'sleep', '1000');
    expect({ code, stderr }).toMatchObject({ code: 7, stderr: expect.stringContaining('out of time') as string });
    expect(performance.now() - started).toBeGreaterThan(5_000);
    // It was wound down like any other end: its work is in the archive.
    const [id = ''] = stderr.split(' ');
    expect((await run('task', 'close', id)).stdout).toContain(`refs/archive/${id}/1`);
    const given = await run(...slow, '--wait-timeout', '1s', '--', 'sleep', '9');
    expect(given).toMatchObject({ code: 7, stderr: expect.stringContaining('the time is up') as string });
  }, 90_000);

  it('TL-14: launchers are shown with why one is not ready', async () => {
    const token = (await readFile(dataPaths(data).launcherToken, 'utf8')).trim();
    const state: LauncherState = {
      id: randomUUID(),
      host: 'another-host',
      sandboxes: 'docker',
      ready: false,
      reason: 'the Docker engine does not answer',
      slots: 8,
      running: 3,
      warm: 2,
      worktrees: 'checkout',
      note: 'no mounts here',
    };
    await new ApiClient({ baseUrl: api, token }).call('reportLauncher', state);
    const { launchers } = await runJson<{ launchers: LauncherState[] }>('launcher', 'ls');
    expect(launchers).toContainEqual(state);
    const row = (await run('launcher', 'ls')).stdout.split('\n').find((line) => line.startsWith('another-host'));
    expect(row).toMatch(
      /^another-host +docker +3 of 8 +2 +checkout +not ready: the Docker engine does not answer \(no mounts here\)$/,
    );
  }, 60_000);
});
