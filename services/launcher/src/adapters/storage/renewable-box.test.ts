import { mkdir, readFile, readdir, stat, statfs, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SlotStorage } from '../../ports.ts';
import { type Ground, USER, asUser, makeGround, shell, whyNoMounts } from '../../testing/storage-ground.ts';
import { openSlotStorage } from './open-slot-storage.ts';

const why = whyNoMounts();
if (why !== null) process.stderr.write(`skipped, boxes that are used again: ${why}\n`);

const SPACE = { diskMb: 64, renewable: true };
const KEEP_NOTHING = { keep: [], remains: 'left' };
const MIB = 1_048_576;

describe.skipIf(why !== null).each(['auto', 'never'] as const)('a box that is used again (mounts: %s)', (mounts) => {
  let ground: Ground;
  let storage: SlotStorage;
  let box: string;
  beforeEach(async () => {
    ground = await makeGround();
    storage = await openSlotStorage({ root: ground.root, mounts, ...USER, log: ground.log });
    box = await storage.make('s1', SPACE);
  });
  afterEach(async () => {
    for (const { slot } of await storage.slots()) {
      await storage.remove(slot);
      await storage.discard(slot);
    }
    await storage.close();
    await ground.end();
  });
  const free = async (): Promise<{ mb: number; inodes: number }> => {
    const { bavail, bsize, ffree } = await statfs(box);
    return { mb: (bavail * bsize) / MIB, inodes: ffree };
  };

  it('SS-16: is its user’s to write and not to change; renewed, it is as it was made', async () => {
    const before = await free();
    const made = await stat(box);
    expect(await asUser(box, 'chmod 700 . || touch -d 2001-01-01 . || chgrp 1000 . && echo DONE')).toMatchObject({
      out: expect.not.stringContaining('DONE') as string,
    });
    const traces = [
      'head -c 30M /dev/urandom > big; ln big hard; ln -s /etc link; mkfifo pipe',
      'mkdir -p -m 700 home/a/b; for n in $(seq 2000); do : > home/a/b/$n; done; chmod 0 home/a; touch .hidden -- -rf',
    ];
    for (const trace of traces) expect(await asUser(box, trace)).toEqual({ code: 0, out: '' });
    await storage.renew('s1', KEEP_NOTHING);
    expect(await readdir(box)).toEqual([]);
    const { uid, gid, mode, size } = await stat(box);
    expect({ uid, gid, mode, size }).toEqual({ uid: 0, gid: USER.gid, mode: made.mode, size: made.size });
    if (storage.isDiskHeld) {
      const after = await free();
      expect(Math.abs(after.mb - before.mb)).toBeLessThan(0.5);
      expect(before.inodes - after.inodes).toBeLessThan(3);
      const { blocks } = await stat(join(ground.root, 'slots/s1/disk.img'));
      expect((blocks * 512) / MIB).toBeLessThan(8);
    } else {
      // Not waited for: it is on the list of what is to be deleted.
      expect(await storage.slots()).toContainEqual({ slot: 'left', isRemoved: true });
      await storage.discard('left');
    }
    expect(await storage.slots()).toEqual([{ slot: 's1', isRemoved: false }]);
    expect(await readdir('/etc')).not.toEqual([]);
    expect(await asUser(box, 'echo again > file && cat file')).toEqual({ code: 0, out: 'again' });
  });

  it('SS-16: its worktree is laid anew, over another checkout too, without what was written over the first', async () => {
    if (storage.worktrees !== 'overlay') return expect(mounts).toBe('never');
    const checkouts = ['one', 'two'].map((name) => join(ground.root, 'checkouts/p', name, 'worktree'));
    for (const checkout of checkouts) {
      await mkdir(checkout, { recursive: true });
      await writeFile(join(checkout, 'tracked'), checkout);
    }
    await shell(`chown -R ${USER.uid}:${USER.gid} ${join(ground.root, 'checkouts')}`);
    await storage.lay('s1', checkouts[0]!);
    const work = 'echo changed > worktree/tracked; echo new > worktree/new; rm -rf worktree/.git';
    expect(await asUser(box, work)).toEqual({ code: 0, out: '' });
    await storage.renew('s1', KEEP_NOTHING);
    expect([await storage.isLaid('s1'), await readdir(box)]).toEqual([false, []]);
    await storage.lay('s1', checkouts[1]!);
    expect(await readdir(join(box, 'worktree'))).toEqual(['tracked']);
    expect(await readFile(join(box, 'worktree/tracked'), 'utf8')).toBe(checkouts[1]);
    expect(await readFile(join(checkouts[0]!, 'tracked'), 'utf8')).toBe(checkouts[0]);
    expect(await asUser(box, 'echo mine > worktree/mine && cat worktree/mine')).toEqual({ code: 0, out: 'mine' });
  });

  it('SS-16: one that was not made for it, or that has what it should not have, is refused', async () => {
    await storage.make('s2', { diskMb: 64 });
    await expect(storage.renew('s2', KEEP_NOTHING)).rejects.toThrow('was not made to be used again');
    await symlink('/etc/passwd', join(box, 'kept.sock'));
    await expect(storage.renew('s1', { keep: ['kept.sock'], remains: 'left' })).rejects.toThrow('is no socket');
    const other = await storage.make('s3', SPACE);
    await asUser(other, 'for n in $(seq 300); do : > $n; done');
    await expect(storage.renew('s3', { keep: [], remains: 'other' })).rejects.toThrow('too many files');
  });
});
