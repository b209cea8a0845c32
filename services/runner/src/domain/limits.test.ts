import { expect, it } from 'vitest';
import { fullDisk, outOfMemory } from './limits.ts';

const MIB = 1024 * 1024;
const disk = (totalMib: number, freeMib: number, freeInodes = 10, totalInodes = 100) =>
  fullDisk({ totalBytes: totalMib * MIB, freeBytes: freeMib * MIB, freeInodes, totalInodes });

it('R-35: a disk is full below a hundredth, at least 4 and at most 64 MiB, or without an inode', () => {
  expect(disk(100, 3.9)).toBe("the sandbox's disk is full: 3 of 100 MiB are free");
  expect(disk(100, 4)).toBeNull();
  expect(disk(1_000, 9.9)).not.toBeNull();
  expect(disk(1_000, 10)).toBeNull();
  expect(disk(1_000_000, 63)).not.toBeNull();
  expect(disk(1_000_000, 64)).toBeNull();
  expect(disk(1_000, 500, 0)).toContain('holds 100 files and folders');
  // A file system that makes inodes as needed counts none.
  expect(disk(1_000, 500, 0, 0)).toBeNull();
});

it('R-35: memory is the reason only where it was short in this attempt and the agent did not get over it', () => {
  const killed = { code: null, signal: 'SIGKILL' };
  expect(outOfMemory({ before: 1, after: 3 }, killed)).toBe(
    'the sandbox ran out of memory: 2 of its processes were killed for it, and the agent was ended by SIGKILL',
  );
  expect(outOfMemory({ before: 0, after: 1 }, { code: 137, signal: null })).toContain('ended with code 137');
  expect(outOfMemory({ before: 3, after: 3 }, killed)).toBeNull();
  expect(outOfMemory({ before: null, after: null }, killed)).toBeNull();
  expect(outOfMemory({ before: 0, after: 1 }, { code: 0, signal: null })).toBeNull();
});
