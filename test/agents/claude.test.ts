import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { within } from '@roundhouse/testkit';
import { expect, it } from 'vitest';
import { takesOwnWords } from './own-words-suite.ts';
import { describeProgram } from './program-suite.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const RUN_MS = 200_000;

await describeProgram('claude', (world) => {
  takesOwnWords('claude', { tool: 'AskUserQuestion', amends: 'No' }, world);

  it('RX-14: the README’s line has it do a task', async () => {
    const readme = await readFile(`${ROOT}README.md`, 'utf8');
    const line = readme.split('\n').find((command) => command.startsWith('npx roundhouse task run "notes"'));
    expect(line).toBeDefined();
    const home = world().dataHome.path;
    const child = spawn('bash', ['-c', `exec ${line}`], {
      cwd: ROOT,
      env: { ...process.env, HOME: home, XDG_DATA_HOME: home, npm_config_cache: `${home}/npm` },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const [code] = (await within(RUN_MS, 'the end of the command', once(child, 'exit'))) as [number | null];
    expect([code, said]).toEqual([0, expect.stringContaining('It is there.')]);
    const { notice } = await world().nextSignal();
    expect(notice?.taskName).toBe('notes');
    const id = notice?.taskId ?? '';
    expect(await world().changed(id)).toEqual(['notes.txt']);
    expect(await world().client.call('closeTask', { id })).toMatchObject({ outcome: 'closed' });
  });
});
