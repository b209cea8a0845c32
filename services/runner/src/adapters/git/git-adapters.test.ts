import { randomBytes } from 'node:crypto';
import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { git, tryGit } from '../../testing/git-http.ts';
import { GitWorld } from '../../testing/git-world.ts';
import { WorktreeArchiver } from './archive-worktree.ts';
import { CheckoutWorktrees } from './checkout-worktree.ts';
import { BranchPublisher } from './publish-branch.ts';

const inherited = { PATH: process.env['PATH'] ?? '' };
const REF = 'refs/archive/x/1';
const signal = (): AbortSignal => AbortSignal.timeout(20_000);

let world: GitWorld;
const path = (): string => world.worktree;

async function makeWorktree(): Promise<void> {
  const { hub, hubObjects, baseCommit } = world;
  const order = { path: path(), hub, hubObjects, baseBranch: 'main', baseCommit, branch: 'task/x-1' };
  await new CheckoutWorktrees(inherited).create(order, signal());
}

const archive = () =>
  new WorktreeArchiver(inherited).archive(
    { path: path(), scratch: join(world.root, 'sandbox/archive'), hub: world.hub, ref: REF },
    signal(),
  );
const publish = () =>
  new BranchPublisher(inherited).publish({ path: path(), hub: world.hub, branch: 'task/x-1' }, signal());
const files = async (): Promise<string[]> =>
  (await git(world.bare, 'ls-tree', '-r', '--name-only', REF)).split('\n').sort();
const put = (name: string, text: string): Promise<void> => writeFile(join(path(), name), text);

beforeEach(async () => {
  world = await GitWorld.make();
});
afterEach(() => world.remove());

describe('the archive', () => {
  beforeEach(() => makeWorktree());

  it('R-26: holds staged, changed, deleted and untracked files, not the ignored ones, and touches nothing', async () => {
    await put('staged.txt', 's\n');
    await git(path(), 'add', 'staged.txt');
    await put('kept.log', 'changed\n');
    await put('noise.log', 'ignored\n');
    await put('neu ü.txt', 'untracked\n');
    await rm(join(path(), 'a.txt'));
    const before = await git(path(), 'status', '--porcelain=v2');
    const result = await archive();
    expect(result.outcome).toBe('archived');
    expect(await git(path(), 'status', '--porcelain=v2')).toBe(before);
    expect(await git(world.bare, '-c', 'core.quotePath=false', 'ls-tree', '-r', '--name-only', REF)).toBe(
      '.gitignore\nkept.log\nneu ü.txt\nstaged.txt',
    );
    expect(await git(world.bare, 'show', `${REF}:kept.log`)).toBe('changed');
    expect(await git(world.bare, 'rev-parse', `${REF}^`)).toBe(world.baseCommit);
  });

  it('R-26: holds what is larger than one request of git', async () => {
    await writeFile(join(path(), 'big.bin'), randomBytes(6_000_000));
    expect((await archive()).outcome).toBe('archived');
    expect(await git(world.bare, 'cat-file', '-s', `${REF}:big.bin`)).toBe('6000000');
  });

  it('R-26: is HEAD itself where nothing differs from it, and asked twice it is the same', async () => {
    expect(await archive()).toEqual({ outcome: 'archived', commit: world.baseCommit });
    expect(await archive()).toEqual({ outcome: 'archived', commit: world.baseCommit });
  });

  it('R-27: is made in the middle of a merge with conflicts, with a lock file lying about', async () => {
    await put('a.txt', 'ours\n');
    await git(path(), 'commit', '--all', '--message', 'ours');
    await git(path(), 'checkout', '-b', 'theirs', world.baseCommit);
    await put('a.txt', 'theirs\n');
    await git(path(), 'commit', '--all', '--message', 'theirs');
    await tryGit(path(), 'merge', 'task/x-1');
    await put('.git/index.lock', '');
    expect(await publish()).toMatchObject({ outcome: 'published', dirty: ['a.txt'] });
    await archive();
    expect(await git(world.bare, 'show', `${REF}:a.txt`)).toContain('<<<<<<<');
  });

  it('R-27: is made where the index is broken, HEAD has no commit, or is detached', async () => {
    await put('.git/index', 'garbage');
    await put('new.txt', 'n\n');
    await archive();
    expect(await files()).toEqual(['.gitignore', 'a.txt', 'kept.log', 'new.txt']);

    await rm(join(path(), '.git/index'));
    await git(path(), 'symbolic-ref', 'HEAD', 'refs/heads/unborn');
    expect(await publish()).toEqual({ outcome: 'failed', reason: 'HEAD has no commit yet' });
    await archive();
    expect(await git(world.bare, 'log', '--format=%p', REF)).toBe('');

    await git(path(), 'checkout', '--force', '--detach', world.baseCommit);
    expect(await publish()).toMatchObject({ outcome: 'published', commit: world.baseCommit });
  });

  it('R-27: is made where the agent has removed the repository, even inside of another one', async () => {
    await git(world.root, 'init');
    await rm(join(path(), '.git'), { recursive: true });
    await put('new.txt', 'n\n');
    await archive();
    expect(await files()).toEqual(['.gitignore', 'a.txt', 'new.txt']);
    expect(await git(world.root, 'status', '--porcelain', '--untracked-files=no')).toBe('');
  });

  it('R-28: a file that cannot be read and a repository inside cost nothing else', async () => {
    await mkdir(join(path(), 'inner'));
    await git(join(path(), 'inner'), 'init');
    await put('inner/precious.txt', 'p\n');
    await git(world.root, 'clone', world.bare, join(path(), 'cloned'));
    await put('cloned/a.txt', 'changed in the clone\n');
    await mkdir(join(path(), 'cloned/deep'));
    await git(join(path(), 'cloned/deep'), 'init');
    await put('cloned/deep/d.txt', 'd\n');
    await mkdir(join(path(), 'odd'));
    await put('odd/.git', 'gitdir: nowhere\n');
    await put('odd/o.txt', 'o\n');
    await put('z-last.txt', 'z\n');
    await put('secret.txt', 's\n');
    await chmod(join(path(), 'secret.txt'), 0o000);
    await archive();
    const kept = await files();
    expect(kept).toContain('z-last.txt');
    expect(kept).toContain('inner/precious.txt');
    expect(kept).toContain('cloned/deep/d.txt');
    expect(kept).toContain('odd/o.txt');
    expect(await git(world.bare, 'show', `${REF}:cloned/a.txt`)).toBe('changed in the clone');
  });

  it('R-28: runs no hook and no file monitor that the agent has planted', async () => {
    const planted = join(world.root, 'planted');
    await mkdir(join(path(), '.git/hooks'), { recursive: true });
    for (const hook of ['pre-push', 'post-index-change', 'pre-commit', 'reference-transaction']) {
      await writeFile(join(path(), '.git/hooks', hook), `#!/bin/sh\ntouch ${planted}\n`, { mode: 0o755 });
    }
    await git(path(), 'config', 'core.fsmonitor', `touch ${planted}; false`);
    await put('new.txt', 'n\n');
    await git(path(), '-c', 'core.fsmonitor=false', '-c', 'core.hooksPath=/dev/null', 'add', 'new.txt');
    await git(path(), '-c', 'core.fsmonitor=false', '-c', 'core.hooksPath=/dev/null', 'commit', '--message', 'n');
    await publish();
    await archive();
    expect(await tryGit(world.root, 'hash-object', planted)).toBeNull();
  });
});
