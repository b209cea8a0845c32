import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Breaker, CoordinatorStanding, Task } from '@roundhouse/contracts';
import {
  type EmbeddedService,
  type ScratchRepository,
  scratchRepository,
  startEmbeddedService,
} from '@roundhouse/testkit';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

const CLI = fileURLToPath(new URL('../../packages/cli/dist/bundle/main.js', import.meta.url));
const SCHEMA = { type: 'object', required: ['port'], properties: { port: { type: 'integer' } } };

let repository: ScratchRepository;
let service: EmbeddedService;
beforeAll(async () => {
  repository = await scratchRepository({ 'README.md': '# Scratch\n' });
  service = await startEmbeddedService({ repository: repository.path, args: ['--max-running', '2'] });
});
afterEach(async () => {
  const { tasks } = await client().call('listTasks', {});
  await Promise.all(tasks.map(({ id }) => client().call('closeTask', { id })));
});
afterAll(async () => {
  await service.stop();
  await repository.remove();
});

const client = () => service.coordinator();

/** Runs one command to its end. */
const run = (...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> =>
  new Promise((resolve) => {
    execFile(process.execPath, [CLI, ...args, '--data', service.data], (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
async function runJson<T>(...args: string[]): Promise<T> {
  const { stdout, stderr } = await run(...args, '--json');
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as T;
}
const make = (name: string, prompt: string, ...more: string[]): Promise<Task> =>
  runJson<Task>('task', 'run', name, '--agent', 'scripted', '--prompt', prompt, ...more);

/** Waits for the outcome, over as many calls as a wait of one minute takes. */
async function until(id: string, wanted: string): Promise<Task> {
  const { outcome, task } = await client().call('waitForIdle', { id, timeoutMs: 55_000 });
  if (outcome !== wanted) throw new Error(`${outcome}: ${(await client().call('readOutput', { id })).text}`);
  return task;
}

describe('admission, from the command line to the agents', () => {
  it('AD-27, AD-25, AD-23: A waits for B, starts by itself when it has landed, and builds on its result', async () => {
    const schema = join(service.data, 'schema.json');
    await writeFile(schema, JSON.stringify(SCHEMA));
    const b = await make(
      'B',
      '@write b.txt from B\n@commit B\n@call signal_done {"summary":"B is done","result":{"port":8080}}',
      '--result-schema',
      schema,
      '--priority',
      '9',
    );
    const a = await make(
      'A',
      '@run cat b.txt\n@call get_inputs {}\n@write a.txt from A\n@commit A\n@land A is done',
      '--depends-on',
      b.id.slice(0, 12),
    );
    expect(a.admission).toMatchObject({ state: 'held', why: 'dependencies' });
    expect((await run('task', 'ls')).stdout).toMatch(/A +held: dependencies .* waits for “B” to land/);
    expect((await run('task', 'show', a.id)).stdout).toMatch(/depends on +[0-9a-f]{8} \(landed\)/);
    expect((await until(b.id, 'signalled')).completion).toMatchObject({ signal: { result: { port: 8080 } } });
    expect((await run('task', 'show', b.id)).stdout).toMatch(/result +\{"port":8080\}/);
    expect((await client().call('getTask', { id: a.id })).admission.state).toBe('held');
    expect((await run('task', 'merge', b.id)).code).toBe(0);
    // B's own landing wakes no notice: its coordinator asked for it.
    const { notice } = await client().call('waitSignal', { timeoutMs: 55_000 });
    expect(notice).toMatchObject({ kind: 'landed', taskId: a.id });
    const { text } = await client().call('readOutput', { id: a.id });
    expect(text).toContain('from B');
    expect(text.replaceAll(/\s/g, '')).toContain('"result":{"port":8080}');
  });

  it('AD-27, AD-5: the limit of the service, a pause and dependencies are set and shown by commands', async () => {
    const tasks = [
      await make('one', '@print 1'),
      await make('two', '@print 2'),
      await make('three', '@print 3'),
    ] as const;
    const third = await client().call('getTask', { id: tasks[2].id });
    expect(third.attention).toBe('held: the service has 2 running of 2 that may');
    const paused = await runJson<CoordinatorStanding>('coordinator', 'pause');
    expect(paused).toMatchObject({ tasks: { running: 2, held: { paused: 1 } }, house: { running: 2, maxRunning: 2 } });
    expect((await run('coordinator', 'show')).stdout).toMatch(/paused by the operator/);
    const depends = await run('task', 'depend', tasks[2].id, '--depends-on', `${tasks[0].id}:signalled`);
    expect(depends.stdout).toContain('waits for “one” to signal');
    const cycle = await run('task', 'depend', tasks[2].id, '--depends-on', tasks[2].id);
    expect(cycle.stderr).toContain('“three”');
    expect((await run('task', 'depend', tasks[2].id)).code).toBe(0);
    const set = ['--max-running', '5', '--max-tasks', '500', '--max-time', '90h'];
    await run('coordinator', 'set', ...set);
    expect((await run('coordinator', 'resume')).stdout).toMatch(/running +2 of 5[\s\S]*created +5 of 500/);
    const free = await run('coordinator', 'set', '--max-tasks', 'none', '--max-time', 'none', '--max-running', 'none');
    expect(free.stdout).toMatch(/created +5\n/);
    await run('task', 'close', tasks[0].id);
    await until(tasks[2].id, 'idle');
  });

  it('AD-27, AD-22: an agent that is out of quota opens the breaker, and a command closes it', async () => {
    const spent = await make('spent', '@quota 3600 5-hour limit');
    await until(spent.id, 'idle');
    const open = await runJson<{ breakers: Breaker[] }>('breaker', 'ls');
    expect(open.breakers.find(({ kind }) => kind === 'scripted')).toMatchObject({
      state: 'open',
      reason: '5-hour limit',
      reportedBy: spent.id,
    });
    const waits = await make('waits', '@print on');
    expect(waits.admission).toMatchObject({ state: 'held', why: 'quota' });
    expect((await run('breaker', 'close', 'scripted')).stdout).toMatch(/scripted +there is quota/);
    await until(waits.id, 'idle');
    expect((await run('breaker', 'open', 'command', '--for', '2h', '--reason', 'the bill')).stdout).toMatch(
      /command +used up until \S+ +the bill/,
    );
    expect((await run('breaker', 'open', 'nobody')).code).toBe(2);
  });
});
