import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { WorktreeOrder } from '../../ports.ts';
import { git } from '../../testing/git-http.ts';
import { GitWorld } from '../../testing/git-world.ts';
import { mountOverlay, unmount, whyNoOverlay } from '../../testing/overlay.ts';
import { describeUnless } from '../../testing/unless-missing.ts';
import { worktreeSuite } from '../../testing/worktree-suite.ts';
import { PreparedCheckoutMaker } from './checkout-maker.ts';
import { CheckoutWorktrees } from './checkout-worktree.ts';
import { PreparedWorktrees } from './prepared-worktree.ts';

const inherited = { PATH: process.env['PATH'] ?? '' };
const signal = (): AbortSignal => AbortSignal.timeout(20_000);

let world: GitWorld;
beforeEach(async () => {
  world = await GitWorld.make();
});
afterEach(async () => {
  await unmount(world.worktree);
  await world.remove();
});

const checkout = (order: WorktreeOrder): Promise<void> => new CheckoutWorktrees(inherited).create(order, signal());

describe('worktrees by checkout', () => {
  worktreeSuite(() => world, checkout);

  it('R-24, WK-1: are fetched where the hub’s objects cannot be read, and need nothing of the hub afterwards', async () => {
    const { worktree: path, hub, baseCommit } = world;
    await checkout({ path, hub, hubObjects: null, baseBranch: 'main', baseCommit, branch: 'task/x-1' });
    await rm(world.bare, { recursive: true });
    expect(await git(path, 'fsck', '--full')).not.toContain('missing');
    expect(await git(path, 'show', 'HEAD:a.txt')).toBe('a');
  });
});

describeUnless(await whyNoOverlay(), 'worktrees over a prepared checkout', () => {
  const prepared = (): string => join(world.root, 'prepared/worktree');

  const prepare = (commit: string): Promise<void> =>
    new PreparedCheckoutMaker(inherited).make(
      { path: prepared(), hubObjects: world.hubObjects, baseCommit: commit },
      signal(),
    );
  const mount = (): Promise<void> => mountOverlay(prepared(), join(world.root, 'layers'), world.worktree);
  const create = (order: WorktreeOrder): Promise<void> => new PreparedWorktrees(inherited).create(order, signal());
  const orderOf = (): WorktreeOrder => {
    const { worktree: path, hub, hubObjects, baseCommit } = world;
    return { path, hub, hubObjects, baseBranch: 'main', baseCommit, branch: 'task/x-1' };
  };

  worktreeSuite(
    () => world,
    async (order) => {
      await prepare(order.baseCommit);
      await mount();
      await create(order);
    },
  );

  it('WK-5: the checkout names neither hub, remote nor attempt, is on no branch, and stays as it was', async () => {
    await prepare(world.baseCommit);
    expect(await git(prepared(), 'rev-parse', 'HEAD')).toBe(world.baseCommit);
    expect(await git(prepared(), 'for-each-ref')).toBe('');
    expect(await git(prepared(), 'remote')).toBe('');
    expect(await git(prepared(), 'reflog')).toBe('');
    await mount();
    await create(orderOf());
    await writeFile(join(world.worktree, 'a.txt'), 'changed\n');
    await git(world.worktree, 'commit', '--all', '--message', 'mine');
    expect(await git(prepared(), 'status', '--porcelain', '--branch')).toBe('## HEAD (no branch)');
    expect(await git(prepared(), 'for-each-ref')).toBe('');
  });

  it('WK-6: git reads none of 5,000 files again, and the worktree is made by the same few small files as that of three', async () => {
    const made = async (): Promise<string[]> => {
      await create(orderOf());
      return (await readdir(join(world.root, 'layers/upper'), { recursive: true })).toSorted();
    };
    await prepare(world.baseCommit);
    await mount();
    const few = await made();
    expect(few).toContain('.git/HEAD');
    await unmount(world.worktree);
    await rm(join(world.root, 'layers'), { recursive: true });
    await rm(prepared(), { recursive: true });

    await world.commit(async (source) => {
      for (let folder = 0; folder < 50; folder += 1) {
        await mkdir(join(source, `d${folder}`));
        const names = Array.from({ length: 100 }, (_, index) => join(source, `d${folder}/f${index}.txt`));
        await Promise.all(names.map((name) => writeFile(name, name)));
      }
    }, 'many');
    await prepare(world.baseCommit);
    await mount();
    expect(await made()).toEqual(few);
    // diff-files does not refresh the index: it names each file whose times or number differ from it, changed or not.
    expect(await git(world.worktree, 'diff-files')).toBe('');
    // And a file that is not of an earlier second than the index is read at each look.
    const indexed = (await stat(join(world.worktree, '.git/index'))).mtimeMs;
    const names = (await git(world.worktree, 'ls-files')).split('\n');
    const times = await Promise.all(names.map(async (name) => (await stat(join(world.worktree, name))).mtimeMs));
    expect(names.length).toBeGreaterThan(5_000);
    expect(Math.floor(Math.max(...times) / 1_000)).toBeLessThan(Math.floor(indexed / 1_000));
  });

  it('WK-7: a checkout of an earlier commit is brought up to the base', async () => {
    const earlier = world.baseCommit;
    await world.commit(async (source) => {
      await rm(join(source, 'kept.log'));
      await writeFile(join(source, 'b.txt'), 'b\n');
    }, 'second');
    await prepare(earlier);
    await mount();
    await create(orderOf());
    expect(await git(world.worktree, 'status', '--porcelain', '--branch')).toBe('## task/x-1');
    expect(await git(world.worktree, 'ls-files')).toBe('.gitignore\na.txt\nb.txt');
    expect(await git(world.worktree, 'log', '-1', '--format=%s')).toBe('second');
  });

  it('WK-4: what is mounted must be a prepared checkout', async () => {
    await mkdir(world.worktree, { recursive: true });
    await expect(create(orderOf())).rejects.toThrow('there is no prepared checkout');
    await prepare(world.baseCommit);
    await mount();
    await expect(create({ ...orderOf(), hubObjects: null })).rejects.toThrow('needs the hub’s objects');
  });
});
