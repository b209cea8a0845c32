import { mkdtemp, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { withLock } from './lock.mjs';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rh-lock-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const options = { waitMs: 10_000, onWait: () => {} };
/** More than any process id of Linux or macOS. */
const DEAD_PID = 99_999_999;

it('B-2: of many at once, one is inside at a time, and the lock is gone afterwards', async () => {
  const path = join(folder, 'deep', 'lock');
  let inside = 0;
  let most = 0;
  const turns = Array.from({ length: 8 }, () =>
    withLock(path, options, async () => {
      inside += 1;
      most = Math.max(most, inside);
      await new Promise((resolve) => setImmediate(resolve));
      inside -= 1;
    }),
  );
  await Promise.all(turns);
  expect(most).toBe(1);
  await expect(stat(path)).rejects.toThrow(/ENOENT/);
});

it('B-3: a dead holder is taken over at once', async () => {
  const path = join(folder, 'lock');
  await writeFile(path, `${DEAD_PID} 1\n`);
  const start = performance.now();
  expect(await withLock(path, options, () => readFile(path, 'utf8'))).toMatch(new RegExp(`^${process.pid} `));
  expect(performance.now() - start).toBeLessThan(10_000);
});

it('B-3: a living holder that stopped touching its lock is taken over', async () => {
  const path = join(folder, 'lock');
  await writeFile(path, `${process.pid} 1\n`);
  const longAgo = new Date(Date.now() - 60_000);
  await utimes(path, longAgo, longAgo);
  expect(await withLock(path, options, async () => 'in')).toBe('in');
});

it('B-2: a wait is bounded, says that it waits, and leaves the holder its lock', async () => {
  const path = join(folder, 'lock');
  await writeFile(path, `${process.pid} 1\n`);
  let told = 0;
  const waiting = withLock(path, { waitMs: 300, onWait: () => (told += 1) }, async () => 'in');
  await expect(waiting).rejects.toThrow(/another bootstrap has held/);
  expect(told).toBe(1);
  expect(await readFile(path, 'utf8')).toBe(`${process.pid} 1\n`);
});

it('B-2: an action that fails frees the lock', async () => {
  const path = join(folder, 'lock');
  await expect(withLock(path, options, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  await expect(stat(path)).rejects.toThrow(/ENOENT/);
});
