import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import {
  type EmbeddedService,
  type ScratchRepository,
  scratchRepository,
  startEmbeddedService,
} from '@roundhouse/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const DIALOGS = fileURLToPath(new URL('../../services/runner/src/testing/dialog-program.mjs', import.meta.url));
const MAIN = fileURLToPath(new URL('../../packages/cli/dist/bundle/main.js', import.meta.url));
const run = promisify(execFile);

let repository: ScratchRepository;
let service: EmbeddedService;
beforeAll(async () => {
  repository = await scratchRepository({ 'README.md': '# Scratch\n' });
  service = await startEmbeddedService({ repository: repository.path });
});
afterAll(async () => {
  await service.stop();
  await repository.remove();
});

const client = () => service.coordinator();
const cli = async (...args: string[]): Promise<string> =>
  (await run(process.execPath, [MAIN, ...args, '--data', service.data], { cwd: repository.path })).stdout;

/** Reads the events of a task until its output has the words. */
async function printed(id: string, words: string): Promise<string> {
  for (;;) {
    const { text } = await client().call('readOutput', { id, tail: true });
    if (text.includes(words)) return text;
    const { activity } = await client().call('getTask', { id });
    await client().call('waitForEvents', { taskIds: [id], timeoutMs: activity.state === 'booting' ? 1_000 : 250 });
  }
}

describe('control and voice on a real runner', () => {
  it('CV-18: a person takes the keyboard and types, prompts are held meanwhile, and handing back tells and delivers', async () => {
    const argv = ['sh', '-c', 'printf "ready> "; exec cat'];
    const agent = { kind: 'command' as const, argv, promptVia: 'file' as const };
    const { id } = await client().call('createTask', { name: 'a shell', prompt: 'x', agent });
    await printed(id, 'ready>');
    await cli('task', 'take', id, '--for', '10m');
    expect(await client().call('promptTask', { id, prompt: 'what was meant' })).toMatchObject({ held: true });
    await client().call('promptTask', { id, prompt: 'what nobody wants' });
    expect(await cli('task', 'edit', id, '2', '--prompt', 'what was held')).toContain('prompt 2: held, 13 bytes');
    expect(await cli('task', 'withdraw', id, '3')).toContain('prompt 3: withdrawn');
    expect(await cli('task', 'prompts', id)).toMatch(/2 +held +13 bytes.*\n.*3 +withdrawn/);
    await cli('task', 'type', id, 'typed by hand', '--key', 'enter');
    // The terminal's echo, and what cat makes of the line.
    await printed(id, 'typed by hand\ntyped by hand');
    expect((await client().call('readOutput', { id })).text).not.toContain('what was held');
    expect(await client().call('waitForIdle', { id, timeoutMs: 0 })).toMatchObject({ outcome: 'human_control' });
    await cli('task', 'return', id);
    const { outcome, notice } = await client().call('waitSignal', { timeoutMs: 50_000 });
    expect([outcome, notice?.typed]).toEqual(['control', { lines: 1, text: 'typed by hand⟨Enter⟩', cut: false }]);
    const text = await printed(id, 'what was held');
    expect(text).not.toMatch(/what was meant|what nobody wants/);
    expect(await client().call('closeTask', { id })).toMatchObject({ outcome: 'closed' });
  });

  it('CV-19: a sub-task asks over MCP, is answered at the command line, and reports', async () => {
    const question = JSON.stringify({ question: 'Which parser?', options: ['strict', 'lenient'] });
    const report = JSON.stringify({ kind: 'out_of_scope', text: 'the README is out of date' });
    const prompt = `@call ask ${question}\n@call report ${report}\n@write a.txt a\n@commit Add a\n@done Done.`;
    const { id } = await client().call('createTask', { name: 'asks', prompt, agent: { kind: 'scripted' } });
    const asked = await client().call('waitSignal', { timeoutMs: 50_000 });
    expect([asked.outcome, asked.notice?.question]).toMatchObject(['question', { text: 'Which parser?' }]);
    expect(await cli('task', 'answer', id)).toContain('Which parser? | strict | lenient');
    await cli('task', 'answer', id, 'lenient');
    const told = await client().call('waitSignal', { timeoutMs: 50_000, cursor: asked.cursor });
    expect([told.outcome, told.notice?.report]).toMatchObject(['report', { text: 'the README is out of date' }]);
    expect(await cli('task', 'reports', id)).toContain('out of scope\nthe README is out of date');
    const done = await client().call('waitSignal', { timeoutMs: 50_000, cursor: told.cursor });
    expect(done.outcome).toBe('signal');
    expect((await client().call('readOutput', { id })).text).toContain('lenient');
    expect(await client().call('closeTask', { id })).toMatchObject({ outcome: 'closed' });
  });

  it('RA-18, RA-24: a dialog of the terminal is shown and answered at the command line', async () => {
    const program = join(repository.path, '..', 'dialogs.sh');
    await writeFile(program, `#!/bin/sh\nexec '${process.execPath}' '${DIALOGS}' 2\n`, { mode: 0o755 });
    const { id } = await client().call('createTask', {
      name: 'asks',
      prompt: 'x',
      agent: { kind: 'claude', program, permissionMode: 'ask' },
    });
    expect(await client().call('waitForIdle', { id, timeoutMs: 50_000 })).toMatchObject({ outcome: 'waiting_input' });
    expect(await cli('task', 'answer', id)).toMatch(
      /Do you want to proceed\?\n> 1 +Yes …\n +2 +Yes, and always allow it\n +3 +No …/,
    );
    await expect(cli('task', 'answer', id, 'yes, or no')).rejects.toMatchObject({ code: 2 });
    await expect(cli('task', 'answer', id, '2', '--text', 'use ls')).rejects.toMatchObject({ code: 3 });
    expect(await cli('task', 'answer', id, 'no', '--text', 'use ls')).toContain('answered: No');
    expect(await client().call('waitForIdle', { id, timeoutMs: 50_000 })).toMatchObject({ outcome: 'waiting_input' });
    expect(await cli('task', 'answer', id, '2')).toContain('answered: Yes, and always allow it');
    await printed(id, 'said No, use ls,Yes, and always allow it');
    expect(await client().call('closeTask', { id })).toMatchObject({ outcome: 'closed' });
  });
});
