import { mkdir, readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import type { RunnerConfig } from '@roundhouse/contracts';
import { afterEach, describe, expect, it } from 'vitest';
import { git } from './testing/git-http.ts';
import { mountOverlay, unmount, whyNoOverlay } from './testing/overlay.ts';
import { Sandbox } from './testing/sandbox.ts';
import { describeUnless } from './testing/unless-missing.ts';

let sandbox: Sandbox;
afterEach(async () => {
  await unmount(sandbox.worktree);
  await sandbox.remove();
});

const prepare = (change: Partial<Extract<RunnerConfig, { mode: 'prepare' }>> = {}): RunnerConfig => ({
  mode: 'prepare',
  folder: join(sandbox.root, 'prepared'),
  isolated: false,
  doors: [],
  hubObjects: join(sandbox.hub, 'objects'),
  baseCommit: sandbox.baseCommit,
  ...change,
});

describe('a runner that prepares a checkout', () => {
  it('WK-5: leaves the checkout, nothing else, and says nothing', async () => {
    sandbox = await Sandbox.make();
    await mkdir(join(sandbox.root, 'prepared'));
    const runner = await sandbox.start(prepare());
    expect(await runner.exited).toEqual({ code: 0, signal: null });
    expect(runner.log).toBe('');
    expect(await readdir(join(sandbox.root, 'prepared'))).toEqual(['worktree']);
    expect(await git(join(sandbox.root, 'prepared/worktree'), 'rev-parse', 'HEAD')).toBe(sandbox.baseCommit);
    expect(sandbox.coordinator.connections).toBe(0);
  });

  it('WK-4: says in one line why it could not, and exits with 1', async () => {
    sandbox = await Sandbox.make();
    const runner = await sandbox.start(prepare({ baseCommit: 'f'.repeat(40) }));
    expect((await runner.exited).code).toBe(1);
    expect(runner.log).toMatch(/^roundhouse runner: [^\n]*f{40}[^\n]*\n$/);
  });
});

describeUnless(await whyNoOverlay(), 'an attempt over a prepared checkout', () => {
  it('WK-2: goes like any other', async () => {
    sandbox = await Sandbox.make();
    await (
      await sandbox.start(prepare())
    ).exited;
    await mountOverlay(join(sandbox.root, 'prepared/worktree'), join(sandbox.root, 'layers'), sandbox.worktree);
    sandbox.coordinator.desire({
      prompts: [sandbox.prompt('@write a.txt a\n@commit mine\n@write b.txt b\n@print done')],
    });
    const runner = await sandbox.start(sandbox.attemptConfig({ worktree: 'prepared' }));
    await sandbox.coordinator.until('done', () => sandbox.coordinator.text.includes('done'));
    sandbox.coordinator.desire({ publish: { id: randomUUID() } });
    await sandbox.coordinator.until('published', () => sandbox.coordinator.event('published') !== undefined);
    expect(await git(sandbox.hub, 'log', '-1', '--format=%s', 'refs/heads/task/try-it-1')).toBe('mine');
    sandbox.stop();
    expect((await runner.exited).code).toBe(0);
    expect(await sandbox.archived('b.txt')).toBe('b');
    expect(await readFile(join(sandbox.root, 'prepared/worktree/.git/HEAD'), 'utf8')).toBe(`${sandbox.baseCommit}\n`);
  });
});
