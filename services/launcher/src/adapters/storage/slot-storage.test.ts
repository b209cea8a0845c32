import { lstat, mkdir, readFile, readdir, rename, stat, writeFile } from 'node:fs/promises';
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
if (why !== null) process.stderr.write(`skipped, disks and overlays of slots: ${why}\n`);

const MIB = 1_048_576;
const SMALL = { diskMb: 64 };

describe.skipIf(why !== null)('slot storage with mounts', () => {
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
      for (const { slot } of await storage.slots()) await clear(slot);
      await storage.close();
    } finally {
      await ground.end();
    }
  });

  const open = (): Promise<SlotStorage> =>
    openSlotStorage({ root: ground.root, mounts: 'auto', ...USER, log: ground.log });
  const clear = async (slot: string): Promise<void> => {
    await storage.remove(slot);
    await storage.discard(slot);
  };

  it('SS-1: makes a box of the sandbox’s user on a disk of its own, and again the same', async () => {
    expect(storage).toMatchObject({ worktrees: 'overlay', note: null });
    const box = await storage.make('s1', SMALL);
    const { uid, gid, mode, dev } = await stat(box);
    expect({ uid, gid, mode: mode & 0o7777 }).toEqual({ ...USER, mode: 0o700 });
    expect(await readdir(box)).toEqual([]);
    expect(dev).not.toBe((await stat(ground.root)).dev);
    expect(await shell(`findmnt -no OPTIONS -T ${box}`)).toMatch(/nosuid.*nodev/);
    await asUser(box, 'echo kept > file');
    expect(await storage.make('s1', SMALL)).toBe(box);
    expect(await readFile(join(box, 'file'), 'utf8')).toBe('kept\n');
    expect(await storage.slots()).toEqual([{ slot: 's1', isRemoved: false }]);
  });

  it('SS-1: takes no name that leads elsewhere', async () => {
    for (const name of ['', '..', 'a/b', '../x', '-rf', 'A', 'a'.repeat(65), 'a,b'])
      await expect(storage.make(name, SMALL)).rejects.toThrow('cannot be the name of a slot');
    expect(await storage.slots()).toEqual([]);
  });

  it('SS-2: who fills a disk hears ENOSPC at its limit, and nobody else notices', async () => {
    const [box, neighbour] = await Promise.all(['full', 'other'].map((slot) => storage.make(slot, SMALL)));
    const image = join(ground.root, 'slots/full/disk.img');
    expect((await stat(image)).blocks * 512).toBeLessThan(3 * MIB);
    const { code, out } = await asUser(box!, 'head -c 200M /dev/urandom > big');
    expect({ code, out }).toMatchObject({ code: 1, out: expect.stringContaining('No space left on device') as string });
    const { size } = await stat(join(box!, 'big'));
    expect(size / MIB).toBeGreaterThan(63);
    expect(size / MIB).toBeLessThan(68);
    expect((await asUser(neighbour!, 'head -c 50M /dev/urandom > fine')).code).toBe(0);
    expect((await stat(image)).blocks * 512).toBeLessThan(72 * MIB);
  });

  it('SS-2: what is written into the worktree counts, and files without content do too', async () => {
    const box = await storage.make('full', SMALL);
    await storage.lay('full', checkout);
    const { out } = await asUser(join(box, 'worktree'), 'head -c 200M /dev/urandom > big; stat -c %s big; rm big');
    expect(out).toContain('No space left on device');
    expect(Number(out.split('\n').at(-1)) / MIB).toBeLessThan(68);
    const many = await asUser(box, 'for i in $(seq 1 20000); do : > $i || exit 1; done 2>&1');
    expect(many).toMatchObject({ code: 1, out: expect.stringContaining('No space left on device') as string });
  });

  it('SS-2: leaves room for whoever saves what is on a full disk', async () => {
    const box = await storage.make('full', SMALL);
    await storage.lay('full', checkout);
    // Also through the worktree, whose writes the kernel does with root's rights.
    await asUser(join(box, 'worktree'), 'head -c 200M /dev/urandom > big');
    await asUser(box, 'while echo more >> small; do :; done');
    await expect(writeFile(join(box, 'config.json'), 'x'.repeat(100_000))).rejects.toMatchObject({ code: 'ENOSPC' });
    expect(await storage.reopen('full')).toBe(box);
    await writeFile(join(box, 'config.json'), 'x'.repeat(100_000));
    expect((await asUser(box, 'head -c 300K /dev/urandom > index')).code).toBe(0);
  });

  it('SS-5: after a restart of the host the work is where it was', async () => {
    const box = await storage.make('s1', SMALL);
    await storage.lay('s1', checkout);
    await asUser(box, 'echo home > file; echo work > worktree/new; echo more >> worktree/src/a.txt');
    await unmountByHand(ground.root);
    expect(await readdir(join(ground.root, 'slots/s1/disk'))).toEqual([]);
    await storage.close();
    storage = await open();
    expect(await storage.slots()).toEqual([{ slot: 's1', isRemoved: false }]);
    expect(await storage.reopen('s1')).toBe(box);
    expect(await asUser(box, 'cat file worktree/new worktree/src/a.txt')).toEqual({
      code: 0,
      out: 'home\nwork\nas it was\nmore',
    });
    expect(await storage.reopen('s1')).toBe(box);
    expect((await mountsUnder(box)).length).toBe(1);
    expect(await storage.reopen('none')).toBeNull();
  });

  it('SS-5: a disk that was never unmounted is repaired first', async () => {
    const box = await storage.make('s1', SMALL);
    const image = join(ground.root, 'slots/s1/disk.img');
    const crash = `${image}.crash`;
    await asUser(
      box,
      'mkdir d; for i in $(seq 1 500); do echo $i > $i; echo $i > d/$i; done; sync -f 1; echo late > late',
    );
    // What a host that loses its power leaves: the file as it is while the disk is in use, with writes that did not
    // reach it: an inode that is in use and counts as free, a folder whose first block is something else.
    await shell(`cp --sparse=always ${image} ${crash}`);
    await shell(`debugfs -w -R 'freei box/250' ${crash} 2>&1`);
    const block = (await shell(`debugfs -R 'blocks box/d' ${crash} 2>/dev/null`)).split(' ')[0];
    await shell(`head -c 4096 /dev/urandom | dd of=${crash} bs=4096 seek=${block} conv=notrunc status=none`);
    expect(await shell(`tune2fs -l ${crash} | grep state`)).toContain('not clean');
    await unmountByHand(ground.root);
    await rename(crash, image);
    expect(await storage.reopen('s1')).toBe(box);
    expect(await readFile(join(box, '500'), 'utf8')).toBe('500\n');
    expect(ground.lines.filter(({ level }) => level === 'warn')).toHaveLength(1);
    expect(await asUser(box, 'for i in $(seq 1 50); do echo ok > new$i; done; cat 250')).toEqual({
      code: 0,
      out: '250',
    });
    await unmountByHand(ground.root);
    await shell(`e2fsck -fn ${image}`);
  });

  it('SS-5: work that cannot be shown is not passed over', async () => {
    const box = await storage.make('s1', SMALL);
    await storage.lay('s1', checkout);
    await asUser(box, 'echo work > worktree/new');
    await unmountByHand(ground.root);
    await rename(checkout, `${checkout}-gone`);
    await expect(storage.reopen('s1')).rejects.toThrow();
    await shell(`rm ${join(ground.root, 'slots/s1/checkout')}`);
    await expect(storage.reopen('s1')).rejects.toThrow('not known which checkout');
  });

  it('SS-6: a removed slot is out of the way at once, and its name free', { timeout: 60_000 }, async () => {
    const box = await storage.make('s1', { diskMb: 512 });
    await storage.lay('s1', checkout);
    const fill = 'for d in $(seq 1 200); do mkdir $d; for f in $(seq 1 100); do : > $d/$f; done; done';
    await asUser(box, fill);
    const startedAt = performance.now();
    await storage.remove('s1');
    expect(performance.now() - startedAt).toBeLessThan(1_000);
    expect(await storage.slots()).toEqual([{ slot: 's1', isRemoved: true }]);
    expect(await storage.reopen('s1')).toBeNull();
    await storage.remove('s1');
    expect(await readdir(await storage.make('s1', SMALL))).toEqual([]);
    await storage.remove('s1');
    await storage.make('s1', SMALL);
    await storage.discard('s1');
    expect(await storage.slots()).toEqual([{ slot: 's1', isRemoved: false }]);
    expect(await readdir(join(ground.root, 'gone'))).toEqual([]);
    await storage.discard('s1');
    expect(await storage.slots()).toEqual([{ slot: 's1', isRemoved: false }]);
  });

  it('SS-6: what is still held is detached, and its space comes back with its last user', async () => {
    const box = await storage.make('s1', SMALL);
    await storage.lay('s1', checkout);
    const holder = spawn('/bin/sleep', ['60'], { cwd: join(box, 'worktree'), stdio: 'ignore' });
    await storage.remove('s1');
    const startedAt = performance.now();
    await storage.discard('s1');
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    expect(ground.lines.filter(({ level }) => level === 'warn')).toHaveLength(1);
    expect(await mountsUnder(join(ground.root, 'gone'))).toEqual([]);
    expect(await readdir(join(ground.root, 'gone'))).toEqual([]);
    expect(await readdir(checkout)).toEqual(['src']);
    holder.kill('SIGKILL');
    await once(holder, 'close');
    // That the loop device is free again is asserted by the end of the ground.
  });

  it('SS-7: a kept box is a plain folder with all that was in it', async () => {
    const box = await storage.make('s1', SMALL);
    await storage.lay('s1', checkout);
    await asUser(box, 'echo home > file; ln -s /etc/passwd link; echo work > worktree/new; rm worktree/src/a.txt');
    await storage.keep('s1', 'run-x-1');
    const kept = storage.keptPath('run-x-1');
    expect(await storage.slots()).toEqual([]);
    expect(await mountsUnder(join(ground.root, 'kept'))).toEqual([]);
    expect(await shell(`cd ${kept} && find . | sort`)).toBe(
      '.\n./file\n./link\n./worktree\n./worktree/new\n./worktree/src',
    );
    expect((await stat(join(kept, 'worktree/new'))).uid).toBe(USER.uid);
    expect((await lstat(join(kept, 'link'))).isSymbolicLink()).toBe(true);
    await storage.keep('s1', 'run-x-1');
    expect(await readFile(join(kept, 'worktree/new'), 'utf8')).toBe('work\n');
  });

  it('SS-7: keeping that was cut short is done again, never with less', async () => {
    const box = await storage.make('s1', SMALL);
    await asUser(box, 'echo home > file');
    const kept = storage.keptPath('run-x-1');
    await mkdir(join(ground.root, 'kept/.part-run-x-1/half'), { recursive: true });
    await unmountByHand(ground.root);
    await storage.keep('s1', 'run-x-1');
    expect(await readdir(kept)).toEqual(['file']);
    expect(await readdir(join(ground.root, 'kept'))).toEqual(['run-x-1']);
    expect(await storage.slots()).toEqual([]);
  });

  it('SS-8: forty at once each get their own, and nothing is left', { timeout: 120_000 }, async () => {
    const slots = Array.from({ length: 40 }, (_, index) => `s${index}`);
    await Promise.all(
      slots.map(async (slot) => {
        const box = await storage.make(slot, SMALL);
        await storage.lay(slot, checkout);
        await asUser(join(box, 'worktree'), `echo ${slot} > name`);
        expect(await readFile(join(box, 'worktree/name'), 'utf8')).toBe(`${slot}\n`);
        await clear(slot);
      }),
    );
    expect(await storage.slots()).toEqual([]);
    // The root itself, shared, is the only mount.
    expect((await mountsUnder(ground.root)).length).toBeLessThanOrEqual(1);
  });

  it('SS-8: sharing the root is undone only when no slot is left', async () => {
    await storage.make('s1', SMALL);
    const before = await mountsUnder(ground.root);
    await storage.close();
    expect(await mountsUnder(ground.root)).toEqual(before);
    await storage.remove('s1');
    await storage.close();
    expect(await mountsUnder(ground.root)).toHaveLength(before.length);
    await storage.discard('s1');
    await storage.close();
    expect(await mountsUnder(ground.root)).toEqual([]);
    storage = await open();
    expect(storage.worktrees).toBe('overlay');
  });
});
