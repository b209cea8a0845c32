import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type Ground,
  USER,
  makeGround,
  mountsUnder,
  shell,
  unmountByHand,
  whyNoMounts,
} from '../../testing/storage-ground.ts';
import { openSlotStorage } from './open-slot-storage.ts';

const why = whyNoMounts();
if (why !== null) process.stderr.write(`skipped, crashes of a storage with mounts: ${why}\n`);

const ROUNDS = 25;
const BUILT = new URL('../../../dist/adapters/storage/open-slot-storage.js', import.meta.url).href;

/** Makes, lays, keeps and removes slots until it is killed; says a line before each step. */
const busy = (root: string, checkout: string): string => `
  const { openSlotStorage } = await import('${BUILT}');
  const say = () => undefined;
  const log = { debug: say, info: say, warn: say, error: say };
  const storage = await openSlotStorage({ root: '${root}', mounts: 'auto', uid: 1000, gid: 1000, log });
  console.log('open');
  const round = Date.now() % 100000;
  await Promise.all([0, 1, 2].map(async (lane) => {
    for (let n = 0; ; n += 1) {
      const slot = 's' + round + '-' + lane + '-' + n;
      await storage.make(slot, { diskMb: 64 });
      await storage.lay(slot, '${checkout}');
      if (n % 3 === 1) await storage.keep(slot, slot);
      await storage.remove(slot);
      await storage.discard(slot);
    }
  }));
`;

describe.skipIf(why !== null)('a storage whose launcher is killed', () => {
  let ground: Ground;
  beforeEach(async () => (ground = await makeGround()));
  afterEach(() => ground.end());

  it('SS-10: is whole again whenever it was killed', { timeout: 180_000 }, async () => {
    const checkout = join(ground.root, 'checkouts/p/c/worktree');
    await mkdir(checkout, { recursive: true });
    await writeFile(join(checkout, 'a'), 'a');
    const open = () => openSlotStorage({ root: ground.root, mounts: 'auto', ...USER, log: ground.log });
    const found = { live: 0, gone: 0 };
    for (let round = 0; round < ROUNDS; round += 1) {
      const child = spawn(process.execPath, ['--input-type=module', '-e', busy(ground.root, checkout)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      await once(child.stdout, 'data');
      // Anywhere in the first few slots' lives.
      await delay((round * 37) % 400);
      child.kill('SIGKILL');
      await once(child, 'close');
      const storage = await open();
      expect(storage).toMatchObject({ worktrees: 'overlay', note: null });
      for (const { slot, isRemoved } of await storage.slots()) {
        found[isRemoved ? 'gone' : 'live'] += 1;
        if (!isRemoved) {
          // Half made, it is made whole; whole, it is as it was.
          const box = await storage.make(slot, { diskMb: 64 });
          expect(await storage.reopen(slot)).toBe(box);
          await storage.lay(slot, checkout);
          expect(await readdir(join(box, 'worktree'))).toEqual(['a']);
          await storage.remove(slot);
        }
        await storage.discard(slot);
      }
      expect(await storage.slots()).toEqual([]);
      await storage.close();
      expect(await mountsUnder(ground.root)).toEqual([]);
    }
    // Else it was never killed at work.
    expect(found.live).toBeGreaterThan(ROUNDS / 2);
    expect(await readdir(join(ground.root, 'templates'))).toEqual(['64-1000-1000.img']);
  });

  it(
    'SS-10: a box that no copy has room for is kept with its disk, also over restarts',
    { timeout: 60_000 },
    async () => {
      // A host's disk with more room than a slot needs, and less than a copy leaves free.
      const image = join(ground.root, 'host.img');
      const root = join(ground.root, 'host');
      await mkdir(root);
      await shell(`truncate -s 900M ${image}; mkfs.ext4 -q -F -m 0 ${image}; mount -o loop ${image} ${root}`);
      const open = () => openSlotStorage({ root: join(root, 'r'), mounts: 'auto', ...USER, log: ground.log });
      let storage = await open();
      const box = await storage.make('s1', { diskMb: 64 });
      await writeFile(join(box, 'work'), 'work');
      await storage.keep('s1', 'run-x-1');
      const file = join(storage.keptPath('run-x-1'), 'work');
      expect(await readFile(file, 'utf8')).toBe('work');
      expect(await storage.slots()).toEqual([]);
      expect(ground.lines.at(-1)).toMatchObject({ level: 'warn', fields: { kept: storage.keptPath('run-x-1') } });
      await storage.keep('s1', 'run-x-1');
      await storage.close();
      await unmountByHand(root);
      await shell(`mount -o loop ${image} ${root}`);
      expect(await readFile(file, 'utf8').catch(() => null)).toBeNull();
      storage = await open();
      expect(await readFile(file, 'utf8')).toBe('work');
      await storage.close();
      await unmountByHand(root);
    },
  );
});
