import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { Sandbox } from './testing/sandbox.ts';

let sandbox: Sandbox;
afterEach(() => sandbox.remove());

/** A sandbox with a prepared checkout of its base in it. */
async function prepared(): Promise<Sandbox> {
  sandbox = await Sandbox.make();
  const { folder, hub, baseCommit } = sandbox;
  const place = { folder, isolated: false, doors: [], hubObjects: join(hub, 'objects') };
  const runner = await sandbox.start({ mode: 'prepare', ...place, baseCommit });
  expect(await runner.exited).toEqual({ code: 0, signal: null });
  return sandbox;
}

const NONE = {
  what: 'no git',
  script: null,
  words: 'there is no git here: a sandbox needs git 2.31 or newer on its PATH',
};
const OLD = {
  what: 'an old git',
  script: 'case " $* " in *" version "*) echo git version 2.20.1;; *) exit 3;; esac',
  words: 'git 2.20 is too old: a sandbox needs git 2.31 or newer on its PATH',
};
const WORKTREES = [
  { worktree: 'checkout', isOther: false },
  { worktree: 'prepared', isOther: false },
  // Of another commit: git is needed at once, and what it says then is not the reason.
  { worktree: 'prepared', isOther: true },
] as const;
const CASES = [NONE, OLD].flatMap((git) => WORKTREES.map((worktree) => ({ ...git, ...worktree })));

it.each(CASES)(
  'R-36: with $what an attempt fails with these words: $worktree, another commit: $isOther',
  async (one) => {
    const { worktree, isOther, script, words } = one;
    const { coordinator, root, assignment } = await prepared();
    const bin = join(root, 'bin');
    await mkdir(bin);
    if (script !== null) await writeFile(join(bin, 'git'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    const baseCommit = isOther ? 'f'.repeat(40) : assignment.baseCommit;
    const config = sandbox.attemptConfig({ worktree, assignment: { ...assignment, baseCommit } });
    await sandbox.start(config, ['/usr/bin/env', `PATH=${bin}`]);
    await coordinator.until('failed', () => coordinator.event('attempt_failed') !== undefined);
    expect(coordinator.event('attempt_failed')?.reason).toBe(words);
    expect(coordinator.event('agent_started')).toBeUndefined();
  },
);
