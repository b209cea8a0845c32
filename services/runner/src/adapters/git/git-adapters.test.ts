import { randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TestCoordinator } from '../../testing/coordinator.ts';
import { git, tryGit } from '../../testing/git-http.ts';
import { WorktreeArchiver } from './archive-worktree.ts';
import { CheckoutWorktrees } from './checkout-worktree.ts';
import { BranchPublisher } from './publish-branch.ts';

const inherited = { PATH: process.env['PATH'] ?? '' };
const TOKEN = 'a-token';
const REF = 'refs/archive/x/1';
const signal = (): AbortSignal => AbortSignal.timeout(20_000);

let root: string;
let coordinator: TestCoordinator;
let bare: string;
let hub: { url: string; token: string };
let baseCommit: string;

async function seed(build: (source: string) => Promise<void>, ...init: string[]): Promise<void> {
  const source = join(root, 'source');
  await rm(source, { recursive: true, force: true });
  await rm(bare, { recursive: true, force: true });
  await mkdir(source);
  await git(source, 'init', '--initial-branch=main', ...init);
  await build(source);
  await git(source, 'add', '--all', '--force');
  await git(source, 'commit', '--message', 'first');
  baseCommit = await git(source, 'rev-parse', 'HEAD');
  await git(root, 'clone', '--bare', source, bare);
  await git(bare, 'config', 'http.receivepack', 'true');
}

const path = (): string => join(root, 'sandbox/worktree');

async function makeWorktree(options: { hubObjects?: null; baseBranch?: string } = {}): Promise<void> {
  const hubObjects = options.hubObjects === null ? null : join(bare, 'objects');
  const baseBranch = options.baseBranch ?? 'main';
  const order = { path: path(), hub, hubObjects, baseBranch, baseCommit, branch: 'task/x-1' };
  await new CheckoutWorktrees(inherited).create(order, signal());
}

const archive = () =>
  new WorktreeArchiver(inherited).archive(
    { path: path(), scratch: join(root, 'sandbox/archive'), hub, ref: REF },
    signal(),
  );
const publish = () => new BranchPublisher(inherited).publish({ path: path(), hub, branch: 'task/x-1' }, signal());
const files = async (): Promise<string[]> => (await git(bare, 'ls-tree', '-r', '--name-only', REF)).split('\n').sort();
const put = (name: string, text: string): Promise<void> => writeFile(join(path(), name), text);

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'rh-git-'));
  coordinator = await TestCoordinator.start(root);
  coordinator.tokens.add(TOKEN);
  bare = coordinator.hub('p');
  hub = { url: `${coordinator.url}/git/p.git`, token: TOKEN };
  await seed(async (source) => {
    await writeFile(join(source, 'a.txt'), 'a\n');
    await writeFile(join(source, '.gitignore'), '*.log\n');
    await writeFile(join(source, 'kept.log'), 'tracked although ignored\n');
  });
});

afterEach(async () => {
  await coordinator.stop();
  await rm(root, { recursive: true, force: true });
});

describe('the worktree', () => {
  it('R-24: is on its branch at the base, clean, with nothing of ours in it, and origin can be fetched', async () => {
    await makeWorktree();
    expect(await git(path(), 'status', '--porcelain', '--branch')).toBe('## task/x-1');
    expect(await git(path(), 'rev-parse', 'HEAD', 'origin/main')).toBe(`${baseCommit}\n${baseCommit}`);
    await git(join(root, 'source'), 'commit', '--allow-empty', '--message', 'second');
    await git(join(root, 'source'), 'push', bare, 'main');
    await git(path(), '-c', `http.extraHeader=Authorization: Bearer ${TOKEN}`, 'fetch', 'origin');
    expect(await git(path(), 'log', '-1', '--format=%s', 'origin/main')).toBe('second');
  });

  it('R-24: is fetched where the hub’s objects cannot be read, and needs nothing of the hub afterwards', async () => {
    await makeWorktree({ hubObjects: null });
    await rm(bare, { recursive: true });
    expect(await git(path(), 'fsck', '--full')).not.toContain('missing');
    expect(await git(path(), 'show', 'HEAD:a.txt')).toBe('a');
  });

  it('R-24: takes a branch name with characters of git’s configuration', async () => {
    await git(bare, 'branch', 'odd#;"name', 'main');
    await makeWorktree({ baseBranch: 'odd#;"name' });
    await git(path(), '-c', `http.extraHeader=Authorization: Bearer ${TOKEN}`, 'fetch', 'origin');
    expect(await git(path(), 'rev-parse', 'refs/remotes/origin/odd#;"name')).toBe(baseCommit);
  });

  it('R-25: filters, LFS pointers and submodules of the repository do not break it', async () => {
    await seed(async (source) => {
      await writeFile(
        join(source, '.gitattributes'),
        '*.bin filter=lfs diff=lfs merge=lfs -text\n*.x filter=missing\n',
      );
      await writeFile(join(source, 'big.bin'), 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n');
      await writeFile(join(source, 'f.x'), 'x\n');
      await writeFile(
        join(source, '.gitmodules'),
        '[submodule "sub"]\n\tpath = sub\n\turl = https://invalid.invalid/sub.git\n',
      );
      await git(source, 'add', '--all');
      await git(source, 'update-index', '--add', '--cacheinfo', `160000,${'1'.repeat(40)},sub`);
      await git(source, 'commit', '--message', 'with a submodule');
      await git(source, 'update-index', '--add', '--cacheinfo', `160000,${'2'.repeat(40)},sub2`);
      await mkdir(join(source, 'sub'));
      await mkdir(join(source, 'sub2'));
    });
    await makeWorktree();
    expect(await git(path(), 'show', 'HEAD:f.x')).toBe('x');
    await put('new.txt', 'n\n');
    expect(await publish()).toMatchObject({ outcome: 'published', dirty: [], untracked: ['new.txt'] });
    expect((await archive()).outcome).toBe('archived');
    expect(await files()).toContain('new.txt');
  });

  it('R-25: a repository with SHA-256 names works as well', async () => {
    await seed((source) => writeFile(join(source, 'a.txt'), 'a\n'), '--object-format=sha256');
    await makeWorktree();
    await put('b.txt', 'b\n');
    expect((await archive()).outcome).toBe('archived');
    expect(await files()).toEqual(['a.txt', 'b.txt']);
  });
});

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
    expect(await git(bare, '-c', 'core.quotePath=false', 'ls-tree', '-r', '--name-only', REF)).toBe(
      '.gitignore\nkept.log\nneu ü.txt\nstaged.txt',
    );
    expect(await git(bare, 'show', `${REF}:kept.log`)).toBe('changed');
    expect(await git(bare, 'rev-parse', `${REF}^`)).toBe(baseCommit);
  });

  it('R-26: holds what is larger than one request of git', async () => {
    await writeFile(join(path(), 'big.bin'), randomBytes(6_000_000));
    expect((await archive()).outcome).toBe('archived');
    expect(await git(bare, 'cat-file', '-s', `${REF}:big.bin`)).toBe('6000000');
  });

  it('R-26: is HEAD itself where nothing differs from it, and asked twice it is the same', async () => {
    expect(await archive()).toEqual({ outcome: 'archived', commit: baseCommit });
    expect(await archive()).toEqual({ outcome: 'archived', commit: baseCommit });
  });

  it('R-27: is made in the middle of a merge with conflicts, with a lock file lying about', async () => {
    await put('a.txt', 'ours\n');
    await git(path(), 'commit', '--all', '--message', 'ours');
    await git(path(), 'checkout', '-b', 'theirs', baseCommit);
    await put('a.txt', 'theirs\n');
    await git(path(), 'commit', '--all', '--message', 'theirs');
    await tryGit(path(), 'merge', 'task/x-1');
    await put('.git/index.lock', '');
    expect(await publish()).toMatchObject({ outcome: 'published', dirty: ['a.txt'] });
    await archive();
    expect(await git(bare, 'show', `${REF}:a.txt`)).toContain('<<<<<<<');
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
    expect(await git(bare, 'log', '--format=%p', REF)).toBe('');

    await git(path(), 'checkout', '--force', '--detach', baseCommit);
    expect(await publish()).toMatchObject({ outcome: 'published', commit: baseCommit });
  });

  it('R-27: is made where the agent has removed the repository, even inside of another one', async () => {
    await git(root, 'init');
    await rm(join(path(), '.git'), { recursive: true });
    await put('new.txt', 'n\n');
    await archive();
    expect(await files()).toEqual(['.gitignore', 'a.txt', 'new.txt']);
    expect(await git(root, 'status', '--porcelain', '--untracked-files=no')).toBe('');
  });

  it('R-28: a file that cannot be read and a repository inside cost nothing else', async () => {
    await mkdir(join(path(), 'inner'));
    await git(join(path(), 'inner'), 'init');
    await put('inner/precious.txt', 'p\n');
    await git(root, 'clone', bare, join(path(), 'cloned'));
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
    expect(await git(bare, 'show', `${REF}:cloned/a.txt`)).toBe('changed in the clone');
  });

  it('R-28: runs no hook and no file monitor that the agent has planted', async () => {
    const planted = join(root, 'planted');
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
    expect(await tryGit(root, 'hash-object', planted)).toBeNull();
  });
});
