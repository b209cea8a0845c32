import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, realpath, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { findProcesses } from '@roundhouse/host';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';

const MAIN = fileURLToPath(new URL('../dist/bundle/main.js', import.meta.url));
const Line = z.strictObject({
  api: z.url(),
  mcp: z.url(),
  operatorToken: z.string(),
  project: z.strictObject({ id: z.uuid(), name: z.string(), defaultBranch: z.string() }),
  coordinator: z.strictObject({ id: z.uuid(), token: z.string() }),
  pid: z.int(),
});

let folder: string;
let data: string;
const started: { child: ChildProcess; outcome: Promise<unknown> }[] = [];
beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'cli-main-')));
  data = join(folder, 'data');
});
afterEach(async () => {
  // A test that failed must not leave a service behind: SIGTERM stops one with all that it started.
  const running = started.splice(0).filter(({ child }) => child.exitCode === null && child.signalCode === null);
  for (const { child } of running) child.kill('SIGTERM');
  await Promise.all(running.map(({ outcome }) => outcome));
  await rm(folder, { recursive: true });
}, 40_000);

function start(...args: string[]) {
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ROUNDHOUSE_LOG_LEVEL: 'warn' },
  });
  const outcome = Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ]).then(([stdout, stderr, [code]]) => ({ stdout, stderr, code }));
  started.push({ child, outcome });
  return { child, outcome };
}
const run = (...args: string[]) => start(...args).outcome;

async function up(...args: string[]) {
  const own = start('up', '--json', '--port', '0', '--data', data, ...args);
  const [first] = (await Promise.race([
    once(own.child.stdout, 'data'),
    own.outcome.then(({ stderr }) => Promise.reject(new Error(stderr))),
  ])) as [Buffer];
  return { ...own, line: Line.parse(JSON.parse(first.toString('utf8'))) };
}

describe('roundhouse', () => {
  it('C-1: bad usage is exit code 2, an absent service 6, both without a stack', async () => {
    for (const args of [
      ['nope'],
      ['task', 'land'],
      ['up', '--port', '70000'],
      ['task', 'run'],
      ['task', 'ls', '--nope'],
      ['up', '--repo', '/nowhere', '--data', data],
    ]) {
      const { code, stderr } = await run(...args);
      expect(code, args.join(' ')).toBe(2);
      expect(stderr).not.toMatch(/^\s+at /m);
    }
    const absent = await run('task', 'ls', '--data', data, '--json');
    expect(absent.code).toBe(6);
    expect(JSON.parse(absent.stderr)).toMatchObject({
      error: { hint: expect.stringContaining('roundhouse up') as string },
    });
  }, 60_000);

  it('C-12: up prints one line of JSON, is refused twice on one folder, remembers, and leaves nothing', async () => {
    const first = await up();
    const { operatorToken, project, coordinator } = first.line;
    expect((await fetch(`${first.line.api}/api/health`)).status).toBe(200);
    expect((await stat(join(data, 'endpoint.json'))).mode & 0o777).toBe(0o600);

    const second = await run('up', '--json', '--port', '0', '--data', data);
    expect(second.code).toBe(1);
    expect(second.stdout).toBe('');
    expect(second.stderr).toContain(String(first.line.pid));

    first.child.kill('SIGINT');
    const ended = await first.outcome;
    expect(ended.code).toBe(0);
    expect(ended.stdout.trimEnd().split('\n')).toHaveLength(1);
    expect(await findProcesses({ mark: 'none', folder: data, roots: [first.line.pid] })).toEqual([]);
    expect(await readdir(data)).not.toContain('endpoint.json');

    const again = await up();
    expect(again.line).toMatchObject({ operatorToken, project, coordinator });
    again.child.kill('SIGTERM');
    expect((await again.outcome).code).toBe(0);
  }, 120_000);

  it('C-14: a task is run, read, landed and closed from the command line, with exit codes', async () => {
    const { line } = await up();
    const made = await run(
      'task',
      'run',
      'greet',
      '--data',
      data,
      '--json',
      '--wait',
      '--timeout',
      '60',
      '--agent',
      'scripted',
      '--prompt',
      '@write a.txt hi\n@commit A\n@done ok',
    );
    expect(made.stderr).not.toContain('error');
    const { id } = JSON.parse(made.stdout) as { id: string };
    const merged = await run('task', 'merge', id.slice(0, 8), '--data', data, '--json');
    expect({ code: merged.code, answer: JSON.parse(merged.stdout) as unknown }).toMatchObject({
      code: 0,
      answer: { outcome: 'landed' },
    });
    expect((await run('task', 'diff', id, '--data', data)).stdout).toContain('+hi');
    expect((await run('task', 'close', id, '--data', data)).stdout).toContain('refs/archive/');
    expect((await run('task', 'show', line.coordinator.id, '--data', data)).code).toBe(4);
    const failed = await run(
      'task',
      'run',
      'fails',
      '--data',
      data,
      '--wait',
      '--prompt',
      'x',
      '--',
      'sh',
      '-c',
      'exit 3',
    );
    expect(failed.code).toBe(1);
    expect(failed.stderr).toContain('exited with 3');
  }, 120_000);
});
