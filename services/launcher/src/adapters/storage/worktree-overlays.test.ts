import { mkdir, readFile, readdir, readlink, rename, stat, writeFile } from 'node:fs/promises';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SlotStorage } from '../../ports.ts';
import {
  type Ground,
  USER,
  asUser,
  makeGround,
  mountsUnder,
  shell,
  unmountByHand,
  whyNoMounts,
} from '../../testing/storage-ground.ts';
import { openSlotStorage } from './open-slot-storage.ts';

const why = whyNoMounts();
if (why !== null) process.stderr.write(`skipped, worktrees as overlays: ${why}\n`);

const SMALL = { diskMb: 64 };

describe.skipIf(why !== null)('worktrees over a checkout', () => {
  let ground: Ground;
  let storage: SlotStorage;
  let checkout: string;

  beforeEach(async () => {
    ground = await makeGround();
    storage = await open();
    checkout = join(ground.root, 'checkouts/project/commit/worktree');
    await mkdir(join(checkout, 'src'), { recursive: true });
    await writeFile(join(checkout, 'src/a.txt'), 'as it was\n');
    await shell(`chown -R ${USER.uid}:${USER.gid} ${join(ground.root, 'checkouts')}`);
  });
  afterEach(async () => {
    try {
      for (const { slot } of await storage.slots()) {
        await storage.remove(slot);
        await storage.discard(slot);
      }
      await storage.close();
    } finally {
      await ground.end();
    }
  });

  const open = (): Promise<SlotStorage> =>
    openSlotStorage({ root: ground.root, mounts: 'auto', ...USER, log: ground.log });

  it('SS-3: a worktree is the checkout to read and its own to write', async () => {
    const box = await storage.make('s1', SMALL);
    await storage.lay('s1', checkout);
    const worktree = join(box, 'worktree');
    expect((await stat(worktree)).uid).toBe(USER.uid);
    // Not mv, which copies what it cannot rename; git mv, among others, does not.
    await rename(join(worktree, 'src'), join(worktree, 'moved'));
    const script = 'cat moved/a.txt; echo new > moved/a.txt; echo b > b; rm moved/a.txt; mkdir src; ls';
    expect(await asUser(worktree, script)).toEqual({ code: 0, out: 'as it was\nb\nmoved\nsrc' });
    expect(await readFile(join(checkout, 'src/a.txt'), 'utf8')).toBe('as it was\n');
    expect(await readdir(checkout)).toEqual(['src']);
    await storage.lay('s1', checkout);
    expect(await readdir(worktree)).toEqual(['b', 'moved', 'src']);
    expect((await mountsUnder(worktree)).length).toBe(1);
    await expect(storage.lay('s1', join(ground.root, 'checkouts'))).rejects.toThrow('has work over');
    expect(await readdir(worktree)).toEqual(['b', 'moved', 'src']);
  });

  it('SS-3: one laid ahead over another checkout is replaced while nothing was written', async () => {
    const box = await storage.make('s1', SMALL);
    const other = join(ground.root, 'checkouts/project/other/worktree');
    await mkdir(other, { recursive: true });
    await writeFile(join(other, 'other'), '');
    await storage.lay('s1', other);
    expect(await readdir(join(box, 'worktree'))).toEqual(['other']);
    await storage.lay('s1', checkout);
    expect(await readdir(join(box, 'worktree'))).toEqual(['src']);
    expect(await mountsUnder(join(box, 'worktree'))).toHaveLength(1);
    expect(await asUser(join(box, 'worktree'), 'echo new > file; cat file')).toEqual({ code: 0, out: 'new' });
    await unmountByHand(ground.root);
    await storage.reopen('s1');
    expect(await readdir(join(box, 'worktree'))).toEqual(['file', 'src']);
  });

  it('SS-3: git finds its index true and reads no file again', async () => {
    const git = `git -c safe.directory='*' -c user.name=a -c user.email=a`;
    await shell(`cd ${checkout}; ${git} init -q .; ${git} add .; ${git} commit -qm a; chown -R 1000:1000 .; sleep 1`);
    await shell(`cd ${checkout}; touch -d '1 hour ago' src/a.txt; ${git} update-index --refresh`);
    const box = await storage.make('s1', SMALL);
    await storage.lay('s1', checkout);
    // Unlike status, diff-files does not look into a file whose record in the index is out of date: it names it.
    expect(await shell(`cd ${box}/worktree; ${git} diff-files`)).toBe('');
    expect(await shell(`cd ${box}/worktree; touch src/a.txt; ${git} diff-files`)).toContain('src/a.txt');
  });

  it('SS-4: nothing that a sandbox plants is followed by a mount', async () => {
    const box = await storage.make('s1', SMALL);
    const elsewhere = join(ground.root, 'elsewhere');
    await mkdir(elsewhere);
    for (const plant of [
      `ln -s ${elsewhere} worktree`,
      'ln -s nowhere worktree',
      'mkfifo worktree',
      'echo > worktree',
    ]) {
      await asUser(box, plant);
      await expect(storage.lay('s1', checkout)).rejects.toThrow();
      // It has none, so that its runner can make one.
      await expect(readlink(join(ground.root, 'slots/s1/checkout'))).rejects.toMatchObject({ code: 'ENOENT' });
      await asUser(box, 'rm worktree');
    }
    expect(await mountsUnder(elsewhere)).toEqual([]);
    expect((await stat(elsewhere)).uid).toBe(0);
    await storage.lay('s1', checkout);
    expect(await readdir(join(box, 'worktree'))).toEqual(['src']);
  });

  it('SS-4: a swap while it is laid changes nothing elsewhere', { timeout: 60_000 }, async () => {
    const elsewhere = join(ground.root, 'elsewhere');
    await mkdir(elsewhere);
    for (let round = 0; round < 10; round += 1) {
      const box = await storage.make(`s${round}`, SMALL);
      await asUser(box, `ln -s ${elsewhere} link; mkdir folder`);
      const swap =
        'while :; do mv -T link worktree; mv -T worktree link; mv -T folder worktree; mv -T worktree folder; done';
      const child = spawn('/bin/sh', ['-c', swap], { ...USER, cwd: box, stdio: 'ignore' });
      await storage.lay(`s${round}`, checkout).catch(() => undefined);
      child.kill('SIGKILL');
      await once(child, 'close');
      expect(await mountsUnder(elsewhere)).toEqual([]);
      expect((await stat(elsewhere)).uid).toBe(0);
    }
  });
});
