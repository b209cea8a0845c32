import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { BranchPublisher } from '../adapters/git/publish-branch.ts';
import { WorktreeArchiver } from '../adapters/git/archive-worktree.ts';
import type { WorktreeOrder } from '../ports.ts';
import { git } from './git-http.ts';
import type { GitWorld } from './git-world.ts';

const inherited = { PATH: process.env['PATH'] ?? '' };
const signal = (): AbortSignal => AbortSignal.timeout(20_000);
const BRANCH = 'task/x-1';
const ARCHIVE = 'refs/archive/x/1';

/** What every worktree provider must do, whatever it makes the worktree from. */
export function worktreeSuite(world: () => GitWorld, create: (order: WorktreeOrder) => Promise<void>): void {
  const path = (): string => world().worktree;
  const make = (change: Partial<WorktreeOrder> = {}): Promise<void> => {
    const { hub, hubObjects, baseCommit } = world();
    return create({ path: path(), hub, hubObjects, baseBranch: 'main', baseCommit, branch: BRANCH, ...change });
  };
  const publish = () =>
    new BranchPublisher(inherited).publish({ path: path(), hub: world().hub, branch: BRANCH }, signal());
  const archive = () => {
    const order = { path: path(), scratch: join(world().root, 'scratch'), hub: world().hub, ref: ARCHIVE };
    return new WorktreeArchiver(inherited).archive(order, signal());
  };

  it('R-24, WK-1: is on its branch at the base, clean, with nothing of ours in it, and origin can be fetched', async () => {
    await make();
    expect(await git(path(), 'status', '--porcelain', '--branch')).toBe(`## ${BRANCH}`);
    expect(await git(path(), 'rev-parse', 'HEAD', 'origin/main')).toBe(`${world().baseCommit}\n${world().baseCommit}`);
    expect(await git(path(), 'for-each-ref', '--format=%(refname)')).toBe(
      `refs/heads/${BRANCH}\nrefs/remotes/origin/main`,
    );
    expect((await readdir(path())).sort()).toEqual(['.git', '.gitignore', 'a.txt', 'kept.log']);
    await world().commit(() => Promise.resolve(), 'second');
    await git(path(), ...world().access, 'fetch', 'origin');
    expect(await git(path(), 'log', '-1', '--format=%s', 'origin/main')).toBe('second');
  });

  it('WK-1: git finds nothing wrong with it, and it holds no secret', async () => {
    await make();
    expect(await git(path(), 'fsck', '--full', '--strict')).not.toMatch(/error|missing|broken/);
    const config = await readFile(join(path(), '.git/config'), 'utf8');
    expect(config).toContain(world().hub.url);
    expect(config).not.toContain(world().hub.token);
  });

  it('R-24, WK-1: takes a branch name with characters of git’s configuration', async () => {
    await git(world().bare, 'branch', 'odd#;"name', 'main');
    await make({ baseBranch: 'odd#;"name' });
    await git(path(), ...world().access, 'fetch', 'origin');
    expect(await git(path(), 'rev-parse', 'refs/remotes/origin/odd#;"name')).toBe(world().baseCommit);
  });

  it('WK-2: what is committed in it is published, and what is not is archived', async () => {
    await make();
    await writeFile(join(path(), 'a.txt'), 'changed\n');
    await git(path(), 'commit', '--all', '--message', 'mine');
    await writeFile(join(path(), 'new.txt'), 'n\n');
    const head = await git(path(), 'rev-parse', 'HEAD');
    expect(await publish()).toEqual({ outcome: 'published', commit: head, dirty: [], untracked: ['new.txt'] });
    expect(await git(world().bare, 'log', '--format=%s', `refs/heads/${BRANCH}`)).toBe('mine\nfirst');
    expect((await archive()).outcome).toBe('archived');
    expect(await git(world().bare, 'show', `${ARCHIVE}:new.txt`)).toBe('n');
  });

  it('R-25, WK-3: filters, LFS pointers and submodules of the repository do not break it', async () => {
    await world().seed(async (source) => {
      const attributes = '*.bin filter=lfs diff=lfs merge=lfs -text\n*.x filter=missing\n';
      await writeFile(join(source, '.gitattributes'), attributes);
      await writeFile(join(source, 'big.bin'), 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n');
      await writeFile(join(source, 'f.x'), 'x\n');
      const modules = '[submodule "sub"]\n\tpath = sub\n\turl = https://invalid.invalid/sub.git\n';
      await writeFile(join(source, '.gitmodules'), modules);
      await git(source, 'add', '--all');
      await git(source, 'update-index', '--add', '--cacheinfo', `160000,${'1'.repeat(40)},sub`);
      await git(source, 'commit', '--message', 'with a submodule');
      await git(source, 'update-index', '--add', '--cacheinfo', `160000,${'2'.repeat(40)},sub2`);
      await mkdir(join(source, 'sub'));
      await mkdir(join(source, 'sub2'));
    });
    await make();
    expect(await git(path(), 'show', 'HEAD:f.x')).toBe('x');
    expect(await git(path(), 'status', '--porcelain')).toBe('');
    await writeFile(join(path(), 'new.txt'), 'n\n');
    expect(await publish()).toMatchObject({ outcome: 'published', dirty: [], untracked: ['new.txt'] });
    expect((await archive()).outcome).toBe('archived');
    expect(await git(world().bare, 'show', `${ARCHIVE}:new.txt`)).toBe('n');
  });

  it('R-25, WK-3: a repository with SHA-256 names works as well', async () => {
    await world().seed((source) => writeFile(join(source, 'a.txt'), 'a\n'), '--object-format=sha256');
    await make();
    expect(await git(path(), 'status', '--porcelain', '--branch')).toBe(`## ${BRANCH}`);
    expect(await publish()).toMatchObject({ outcome: 'published', commit: world().baseCommit });
    await writeFile(join(path(), 'b.txt'), 'b\n');
    expect((await archive()).outcome).toBe('archived');
    expect(await git(world().bare, 'ls-tree', '--name-only', ARCHIVE)).toBe('a.txt\nb.txt');
  });

  it('WK-3: a hub that was filled from a shallow clone serves', async () => {
    await world().commit((source) => writeFile(join(source, 'b.txt'), 'b\n'), 'second');
    await world().publishSource('--depth=1');
    await make();
    expect(await git(path(), 'log', '--format=%s')).toBe('second');
    expect(await git(path(), 'status', '--porcelain')).toBe('');
    await writeFile(join(path(), 'a.txt'), 'changed\n');
    await git(path(), 'commit', '--all', '--message', 'mine');
    expect((await publish()).outcome).toBe('published');
  });

  it('R-14, WK-4: a base commit that the hub does not have is refused in git’s words', async () => {
    const baseCommit = 'f'.repeat(40);
    await expect(make({ baseCommit })).rejects.toThrow(
      /nonexistent object|not a valid object|not our ref|unable to read|Not a valid object name/,
    );
    await rm(path(), { recursive: true, force: true });
  });
}
