import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { MAX_PROMPT_BYTES, type OutputOf, type OPERATIONS } from '@roundhouse/contracts';
import { startTimeOf } from '@roundhouse/host';
import {
  type EmbeddedService,
  type ScratchRepository,
  scratchRepository,
  startEmbeddedService,
} from '@roundhouse/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let repository: ScratchRepository;
let service: EmbeddedService;
beforeAll(async () => {
  // The files that tools of ours might want to write are the user's own here.
  repository = await scratchRepository({
    'README.md': '# Scratch\n',
    'AGENTS.md': 'mine\n',
    'CLAUDE.md': 'mine\n',
    '.claude/settings.json': '{}\n',
    '.gitignore': 'ignored/\n',
  });
  await repository.git('config', 'user.name', 'Ada');
  await repository.git('config', 'user.email', 'ada@example.org');
  service = await startEmbeddedService({ repository: repository.path });
});
afterAll(async () => {
  await service.stop();
  await repository.remove();
});

const client = () => service.coordinator();
const hub = (): string => join(service.data, 'coordinator', 'hubs', `${service.addresses.project.id}.git`);
const inHub = (...args: string[]): Promise<string> => repository.git('--git-dir', hub(), ...args);

async function start(prompt: string, more: object = {}): Promise<string> {
  return (await client().call('createTask', { name: 'a task', prompt, agent: { kind: 'scripted' }, ...more })).id;
}

async function signalOf(id: string): Promise<OutputOf<typeof OPERATIONS.waitForIdle>> {
  const answer = await client().call('waitForIdle', { id, timeoutMs: 50_000 });
  if (answer.outcome !== 'signalled')
    throw new Error(`${answer.outcome}: ${(await client().call('readOutput', { id })).text}`);
  return answer;
}

describe('a task from its creation to its end', () => {
  it('LD-1, LD-3, LD-8: lands what was done and nothing of ours, whatever lies in a checkout', async () => {
    await repository.write({ 'README.md': 'dirt of the user\n', 'stray.txt': 'stray\n' });
    await repository.git('add', 'stray.txt');
    const dirt = await repository.git('status', '--porcelain');
    const before = await inHub('rev-parse', 'main');
    const id = await start('@write src/new.txt hello\n@commit Add a file\n@done A file is there.');
    const { task } = await signalOf(id);
    const merged = await client().call('mergeTask', { id });
    expect(merged.outcome).toBe('landed');
    expect(await inHub('diff', '--name-status', before, 'main')).toBe('A\tsrc/new.txt');
    const history = await inHub('log', '--format=%an %ae %cn %ce%n%B', `${before}..main`);
    expect(history).toContain('Add a file');
    expect(history).not.toMatch(/roundhouse/i);
    expect(history).toContain('Ada ada@example.org');
    expect(await repository.git('status', '--porcelain')).toBe(dirt);
    expect(await client().call('mergeTask', { id })).toMatchObject({ outcome: 'landed', landing: merged.landing });
    const closed = await client().call('closeTask', { id });
    expect(closed.outcome).toBe('closed');
    expect(await client().call('closeTask', { id })).toEqual(closed);
    expect(await inHub('branch', '--list', task.branch)).toBe('');
    await repository.git('rm', '-qf', 'stray.txt');
    await repository.git('checkout', '--quiet', '.');
  });

  it('TL-9: close keeps uncommitted and untracked files under an archive ref', async () => {
    const id = await start(
      '@write README.md changed\n@write deep/untracked.txt kept\n@write ignored/x.txt not kept\n@print ready',
    );
    await client().call('waitForIdle', { id, timeoutMs: 50_000 });
    const { outcome, archiveRefs } = await client().call('closeTask', { id });
    expect([outcome, archiveRefs]).toEqual(['closed', [`refs/archive/${id}/1`]]);
    const ref = archiveRefs[0] ?? '';
    expect(await inHub('show', `${ref}:README.md`)).toBe('changed');
    expect(await inHub('show', `${ref}:deep/untracked.txt`)).toBe('kept');
    await expect(inHub('show', `${ref}:ignored/x.txt`)).rejects.toBeDefined();
  });

  it('TL-8: closed comes only when an agent that ignores every polite signal is gone with all that it started', async () => {
    const id = await start('@ignore TERM HUP INT\n@orphan 600000\n@print ready');
    await client().call('waitForIdle', { id, timeoutMs: 50_000 });
    const { text } = await client().call('readOutput', { id });
    const orphan = Number(/orphan (\d+)/.exec(text)?.[1]);
    expect(await startTimeOf(orphan)).not.toBeNull();
    expect(await client().call('closeTask', { id })).toMatchObject({ outcome: 'closed', kept: [] });
    // Not kill(pid, 0), which finds a dead process too until the machine's first process has collected it.
    expect(await startTimeOf(orphan)).toBeNull();
    const left = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
    const { readFile } = await import('node:fs/promises');
    for (const pid of left) {
      const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
      expect(environment).not.toContain(`run-${id}-`);
    }
  });

  it('PR-1: prompts arrive byte for byte, the largest too, and have receipts', async () => {
    const awkward = 'tabs\tand\t\ttabs\n\n  leading, trailing  \n🎉 ünïcödé 日本語 \u200d\n\ttail\r\nend\n';
    const fill = `${'x'.repeat(99)}\n`;
    const head = '@save-prompt saved.txt\n@prompt-sha\n';
    const largest = head + fill.repeat(Math.floor((MAX_PROMPT_BYTES - head.length) / fill.length));
    const exact = largest + 'y'.repeat(MAX_PROMPT_BYTES - Buffer.byteLength(largest));
    const prompts = [`${awkward}${head}`, exact];
    const [first = '', second = ''] = prompts;
    const id = await start(first);
    await client().call('waitForIdle', { id, timeoutMs: 50_000 });
    await client().call('promptTask', { id, prompt: second });
    const { task } = await client().call('waitForIdle', { id, timeoutMs: 50_000 });
    expect(task.prompts.map(({ state, bytes }) => [state, bytes])).toEqual(
      prompts.map((prompt) => ['accepted', Buffer.byteLength(prompt)]),
    );
    const { text } = await client().call('readOutput', { id, tail: true });
    const whole = text + (await client().call('readOutput', { id })).text;
    for (const prompt of prompts) {
      const sha = createHash('sha256').update(prompt).digest('hex');
      expect(whole.replaceAll('\n', '')).toContain(`sha256 ${sha} bytes ${Buffer.byteLength(prompt)}`);
    }
    await client().call('closeTask', { id });
  });

  it('PR-5, LD-7: a printed prompt glyph changes activity at most, and makes nothing mergeable', async () => {
    const id = await start('@write half.txt half\n@commit Half done\n@glyph ❯\n@sleep 60000');
    const glyphs = { kind: 'command', argv: ['sh', '-c', 'printf "\\n> "; sleep 60'], promptVia: 'file' } as const;
    const other = await start('x', { agent: glyphs });
    expect(await client().call('waitForIdle', { id: other, timeoutMs: 20_000 })).toMatchObject({
      outcome: 'idle',
      activity: { evidence: 'screen' },
    });
    for (const task of [id, other]) {
      await expect(client().call('mergeTask', { id: task })).rejects.toMatchObject({ code: 'not_signalled' });
      const { completion, lifecycle, settled } = await client().call('getTask', { id: task });
      expect([completion.state, lifecycle.state, settled]).toEqual(['none', 'running', false]);
      expect(await client().call('closeTask', { id: task })).toMatchObject({ outcome: 'closed' });
    }
  });

  it('LD-2, LD-10: a sub-task that lands its own work is told of a conflict, mends it and lands', async () => {
    const one = await start('@write same.txt one\n@commit One\n@land One.');
    expect(await client().call('waitSignal', { timeoutMs: 50_000 })).toMatchObject({
      outcome: 'landed',
      notice: { taskId: one },
    });
    const other = await start(
      '@write gate.txt x\n@try git reset --quiet --hard HEAD~1\n@write same.txt other\n@commit Other\n@done Other.',
    );
    await signalOf(other);
    expect(await client().call('mergeTask', { id: other })).toMatchObject({
      outcome: 'conflicted',
      landing: { files: [{ path: 'same.txt' }] },
    });
    await client().call('promptTask', {
      id: other,
      prompt:
        '@run git fetch --quiet origin\n@try git merge --quiet origin/main\n@write same.txt both\n@commit Merge main\n@land Both.',
    });
    const landed = await client().call('waitSignal', { timeoutMs: 50_000 });
    expect(landed).toMatchObject({ outcome: 'landed', notice: { taskId: other } });
    expect(await inHub('show', 'main:same.txt')).toBe('both');
    for (const id of [one, other]) await client().call('closeTask', { id });
  });

  it('LD-9: what was reviewed lands, and nothing that came after it', async () => {
    const id = await start('@write reviewed.txt one\n@commit One\n@done One.');
    await signalOf(id);
    const review = await client().call('reviewMerge', { id });
    expect(review).toMatchObject({ outcome: 'review', diff: { files: [{ path: 'reviewed.txt' }], filesTotal: 1 } });
    expect(review.diff?.text).toContain('+one');
    const reviewedCommit = review.diff?.commit ?? '';
    await client().call('promptTask', { id, prompt: '@write reviewed.txt other\n@commit Other\n@done Other.' });
    await signalOf(id);
    await expect(client().call('reviewMerge', { id, reviewedCommit })).rejects.toMatchObject({
      code: 'commit_changed',
    });
    const again = await client().call('reviewMerge', { id });
    const landed = await client().call('reviewMerge', { id, reviewedCommit: again.diff?.commit });
    expect(landed).toMatchObject({ outcome: 'landed', landing: { commit: again.diff?.commit } });
    await client().call('closeTask', { id });
  });

  it('a signal with uncommitted changes is refused with the files named, and the agent can mend it', async () => {
    const id = await start('@write README.md changed\n@done Too early.');
    await client().call('waitForIdle', { id, timeoutMs: 50_000 });
    expect((await client().call('getTask', { id })).completion).toMatchObject({
      state: 'refused',
      files: ['README.md'],
    });
    expect((await client().call('readOutput', { id })).text).toContain('uncommitted_changes');
    await client().call('promptTask', { id, prompt: '@commit Now\n@done Now it is.' });
    await signalOf(id);
    await client().call('closeTask', { id });
  });
});
