import { chown, mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Ground, USER, asUser, makeGround, shell, whyNoMounts } from '../../testing/storage-ground.ts';
import { openSlotStorage } from './open-slot-storage.ts';

const SMALL = { diskMb: 64 };
const why = whyNoMounts();

describe('slot storage without mounts', () => {
  let ground: Ground;
  beforeEach(async () => (ground = await makeGround()));
  afterEach(() => ground.end());
  const user = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };

  it('SS-9: switched off, it says so and works with plain folders', async () => {
    const storage = await openSlotStorage({ root: ground.root, mounts: 'never', ...user, log: ground.log });
    expect(storage).toMatchObject({ worktrees: 'checkout', note: expect.stringContaining('switched off') as string });
    const box = await storage.make('s1', SMALL);
    expect((await stat(box)).mode & 0o777).toBe(0o700);
    await expect(storage.lay('s1', ground.root)).rejects.toThrow('cannot be laid');
    await mkdir(join(box, 'closed/inner'), { recursive: true });
    await writeFile(join(box, 'file'), 'work');
    await storage.make('s2', SMALL);
    expect(await storage.make('s1', SMALL)).toBe(box);
    expect(await storage.reopen('s1')).toBe(box);
    await storage.keep('s1', 'run-x-1');
    expect(await readFile(join(storage.keptPath('run-x-1'), 'file'), 'utf8')).toBe('work');
    const other = await storage.make('s1', SMALL);
    await mkdir(join(other, 'closed/inner'), { recursive: true });
    await shell(`chmod 0500 ${other}/closed`);
    for (const slot of ['s1', 's2']) await storage.remove(slot);
    expect((await storage.slots()).every(({ isRemoved }) => isRemoved)).toBe(true);
    for (const slot of ['s1', 's2']) await storage.discard(slot);
    expect(await storage.slots()).toEqual([]);
    await storage.close();
  });

  it('SS-9: a path that mount would misread is named, with what follows from it', async () => {
    const root = join(ground.root, 'a,b');
    const storage = await openSlotStorage({ root, mounts: 'auto', ...user, log: ground.log });
    expect(storage.worktrees).toBe('checkout');
    expect(storage.note).toMatch(/^Worktrees are ordinary checkouts .* because .*\.$/);
    await storage.close();
  });

  it.skipIf(why !== null)('SS-9: who may not mount is told what it takes', async () => {
    await chown(ground.root, USER.uid, USER.gid);
    const url = new URL('../../../dist/adapters/storage/open-slot-storage.js', import.meta.url).href;
    const log = '{debug(){},info(){},warn(){},error(){}}';
    const order = `{root: ${JSON.stringify(join(ground.root, 'r'))}, mounts: 'auto', uid: 1000, gid: 1000, log: ${log}}`;
    const script = `const s = await (await import('${url}')).openSlotStorage(${order}); console.log(s.worktrees + ' ' + s.note)`;
    await symlink(process.execPath, join(ground.root, 'node'));
    const { out } = await asUser(ground.root, `./node --input-type=module -e "${script.replaceAll('"', '\\"')}"`);
    expect(out).toMatch(/^checkout .*the launcher runs as user 1000, and only root may mount\.$/);
  });
});
