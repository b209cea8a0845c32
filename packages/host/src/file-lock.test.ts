import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LockHeldError, takeFileLock } from './file-lock.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'host-lock-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('takeFileLock', () => {
  it('H-6: one of many at once gets it, the others hear who holds it', async () => {
    const path = join(folder, 'lock');
    const tries = await Promise.allSettled(Array.from({ length: 20 }, () => takeFileLock(path, { waitMs: 0 })));
    const refused = tries.filter((result) => result.status === 'rejected');
    expect(refused).toHaveLength(19);
    for (const { reason } of refused) {
      expect(reason).toBeInstanceOf(LockHeldError);
      expect((reason as LockHeldError).pid).toBe(process.pid);
    }
    expect(await readdir(folder)).toEqual(['lock']);
  });

  it('H-6: waits for its release, and a release by who does not hold it changes nothing', async () => {
    const path = join(folder, 'lock');
    const first = await takeFileLock(path, { waitMs: 0 });
    const second = takeFileLock(path, { waitMs: 5_000 });
    await first.release();
    const held = await second;
    await first.release();
    await expect(takeFileLock(path, { waitMs: 0 })).rejects.toBeInstanceOf(LockHeldError);
    await held.release();
    expect(await readdir(folder)).toEqual([]);
  });

  it('H-6: the lock of one that was killed is taken over, by one only', async () => {
    const path = join(folder, 'lock');
    const module = new URL('../dist/index.js', import.meta.url).href;
    const script = `await (await import(process.argv[1])).takeFileLock(process.argv[2], { waitMs: 0 }); console.log('held'); setInterval(() => {}, 1000)`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script, module, path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    await expect(takeFileLock(path, { waitMs: 0 })).rejects.toMatchObject({ pid: child.pid });
    child.kill('SIGKILL');
    await once(child, 'exit');
    const tries = await Promise.allSettled(Array.from({ length: 10 }, () => takeFileLock(path, { waitMs: 0 })));
    expect(tries.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
  });

  it('H-6: a pid that was given out again does not hold the lock of its predecessor', async () => {
    const path = join(folder, 'lock');
    await writeFile(path, JSON.stringify({ pid: process.pid, startTime: 'another', nonce: 'x' }));
    await (await takeFileLock(path, { waitMs: 0 })).release();
  });

  it('H-6: gives up when told to', async () => {
    const path = join(folder, 'lock');
    const lock = await takeFileLock(path, { waitMs: 0 });
    await expect(takeFileLock(path, { waitMs: 60_000, signal: AbortSignal.timeout(50) })).rejects.toThrow();
    await lock.release();
  });
});
