import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Failure } from '../failure.ts';
import { readPlan } from './read-plan.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'read-plan-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function read(text: string) {
  const file = join(folder, 'nightly.yaml');
  await writeFile(file, text);
  return readPlan(file);
}
/** The faults, each without the file's name. */
async function faultsOf(text: string): Promise<string[]> {
  const error: unknown = await read(text).catch((caught: unknown) => caught);
  if (!(error instanceof Failure)) throw new Error('the plan was taken');
  expect(error.exitCode).toBe(2);
  return error.message.split('\n').map((line) => line.trim().replace(`${join(folder, 'nightly.yaml')}:`, ''));
}

describe('readPlan', () => {
  it('RP-13: names line and column of what is no YAML, no plan, or misspelt', async () => {
    expect(await faultsOf('version: 1\ntasks: [\n')).toEqual([expect.stringMatching(/^3:1: /)]);
    expect(await faultsOf('version: 2\ntasks: []\n')).toEqual([
      expect.stringMatching(/^1:1: version: /),
      expect.stringMatching(/^2:1: tasks: /),
    ]);
    expect(
      await faultsOf(`version: 1
tasks:
  - name: a
    promt: misspelt
  - name: b
    prompt: x
    limits: { memory: 1 }
  - name: c
    prompt: x
    promptFile: y.md
  - name: d
    prompt: x
    agent: nobody
`),
    ).toEqual([
      expect.stringMatching(/^3:5: tasks\[0\]: give it either prompt or promptFile$/),
      '4:5: tasks[0].promt: there is no such key',
      '7:15: tasks[1].limits.memory: there is no such key',
      expect.stringMatching(/^8:5: tasks\[2\]: give it either prompt or promptFile$/),
      expect.stringMatching(/^13:5: tasks\[3\]\.agent/),
    ]);
  });

  it('RP-13: names tasks that are not there, stand twice, or need each other, with the path', async () => {
    const task = (name: string, needs: string) => `  - { name: ${name}, prompt: x, needs: [${needs}] }\n`;
    expect(await faultsOf(`version: 1\ntasks:\n${task('a', 'z')}${task('a', '')}`)).toEqual([
      '3:35: tasks[0].needs[0]: there is no task "z"',
      '4:7: tasks[1].name: the name "a" is taken already',
    ]);
    expect(
      await faultsOf(`version: 1\ntasks:\n${task('a', '')}${task('b', 'a, d')}${task('c', 'b')}${task('d', 'c')}`),
    ).toEqual([expect.stringMatching(/^4:.*: these need each other: b → d → c → b$/)]);
    expect(await faultsOf(`version: 1\ntasks:\n${task('a', 'a')}`)).toEqual([
      expect.stringMatching(/these need each other: a → a$/),
    ]);
  });

  it('RP-13: a prompt file that is missing or too large is a fault at its place', async () => {
    await writeFile(join(folder, 'large.md'), 'x'.repeat(65_537));
    const faults = await faultsOf(
      'version: 1\ntasks:\n  - name: a\n    promptFile: none.md\n  - name: b\n    promptFile: large.md\n',
    );
    expect(faults).toEqual([
      expect.stringMatching(/^4:5: tasks\[0\]\.promptFile: ENOENT/),
      '6:5: tasks[1].promptFile: it has 65537 bytes, 65536 is the most',
    ]);
  });

  it('RP-1: what a task does not say comes from the plan, and there from the defaults', async () => {
    await writeFile(join(folder, 'p.md'), 'do it\n');
    const plan = await read(`version: 1
repository: ..
agent: { kind: command, argv: [my-agent] }
image: tools:1
limits: { memoryMb: 512 }
taskTimeoutSeconds: 60
tasks:
  - { name: a, promptFile: p.md }
  - { name: b, prompt: x, agent: scripted, image: "other:2", limits: { cpus: 1 }, timeoutSeconds: 7, land: false }
`);
    expect(plan).toMatchObject({ name: 'nightly', repository: join(folder, '..'), concurrency: 4, idleMs: 300_000 });
    expect(plan.tasks).toMatchObject([
      {
        prompt: 'do it\n',
        agent: { kind: 'command', argv: ['my-agent'], promptVia: 'file' },
        image: 'tools:1',
        limits: { memoryMb: 512, wallClockSeconds: 60 },
        land: true,
      },
      {
        agent: { kind: 'scripted' },
        image: 'other:2',
        limits: { memoryMb: 512, cpus: 1, wallClockSeconds: 7 },
        land: false,
      },
    ]);
  });
});
