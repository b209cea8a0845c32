import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { instructionsMark } from '@roundhouse/contracts';
import {
  type EmbeddedService,
  type ScratchRepository,
  scratchRepository,
  startEmbeddedService,
} from '@roundhouse/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** A program that is told by a file of its tree: here one that does as it is told in its terminal. */
const PROGRAM = fileURLToPath(new URL('../../packages/scripted-agent/dist/main.js', import.meta.url));

let repository: ScratchRepository;
let service: EmbeddedService;
beforeAll(async () => {
  repository = await scratchRepository({ 'AGENTS.md': 'mine\n', 'CLAUDE.md': 'mine\r\n' });
  service = await startEmbeddedService({ repository: repository.path });
});
afterAll(async () => {
  await service.stop();
  await repository.remove();
});

const client = () => service.coordinator();
const hub = (): string => join(service.data, 'coordinator', 'hubs', `${service.addresses.project.id}.git`);
const inHub = (...args: string[]): Promise<string> => repository.git('--git-dir', hub(), ...args);

/** Reads the output of a task after each of its events, until it has the words. */
async function printed(output: () => Promise<string>, id: string, words: string): Promise<string> {
  for (let text = ''; ; text = await output()) {
    if (text.includes(words)) return text;
    await client().call('waitForEvents', { taskIds: [id], timeoutMs: 1_000 });
  }
}

describe('a task whose agent is told by a file in its tree', () => {
  it('IT-13: it reads them there; nothing of them is committed, pushed by force, landed or archived', async () => {
    const prompt = [
      '@run cat AGENTS.md',
      '@run cp AGENTS.md copy.md',
      '@run git add --all --force',
      '@run git commit --message work',
      // Git looks again at what is as young as its index, in whole seconds, and would find these changed.
      '@run sleep 2',
      // What an agent must not do: without the filter, whatever git had seen before.
      '@run git -c core.attributesFile=/dev/null add --renormalize .',
      '@run git commit --message misbehaved',
      '@call signal_done {}',
    ].join('\n');
    const agent = {
      kind: 'command' as const,
      argv: [process.execPath, PROGRAM],
      promptVia: 'paste' as const,
      instructionsFile: 'AGENTS.md' as const,
    };
    const { id } = await client().call('createTask', { name: 'told by a file', prompt, agent });
    const output = async (): Promise<string> => (await client().call('readOutput', { id })).text;
    const seen = await printed(output, id, 'instructions_in_commit');
    expect(seen).toContain('</sub-task-mode>');
    expect(seen).toContain(`<!-- ${instructionsMark(id)} begin`);
    expect(seen).toMatch(/"path":"(?:AGENTS|copy)\.md"/);
    expect((await client().call('getTask', { id })).completion.state).toBe('none');

    const mended = ['@run git reset --soft HEAD~1', '@run git add --renormalize .', '@call signal_done {}'].join('\n');
    await client().call('promptTask', { id, prompt: mended });
    const { outcome } = await client().call('waitForIdle', { id, timeoutMs: 50_000 });
    expect(outcome, await output()).toBe('signalled');
    expect((await client().call('mergeTask', { id })).outcome).toBe('landed');
    expect(await inHub('show', 'main:AGENTS.md')).toBe('mine');
    expect(await inHub('show', 'main:copy.md')).toBe('mine');
    const { archiveRefs } = await client().call('closeTask', { id });
    expect(archiveRefs.length).toBeGreaterThan(0);
    const everything = await inHub('log', '--all', '--patch', '--text', '--format=%B');
    expect(everything).toContain('work');
    expect(everything).not.toContain(instructionsMark(id));
  });
});
