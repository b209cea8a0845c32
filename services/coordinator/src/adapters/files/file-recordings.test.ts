import { randomUUID } from 'node:crypto';
import { type TemporaryFolder, temporaryFolder } from '@roundhouse/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Recordings } from '../../ports/output.ts';
import { createFileRecordings } from './file-recordings.ts';

let folder: TemporaryFolder;
let recordings: Recordings;
const taskId = randomUUID();
beforeEach(async () => {
  folder = await temporaryFolder();
  recordings = createFileRecordings(folder.path);
});
afterEach(() => folder.remove());

const append = (offset: number, text: string, lost = 0) =>
  recordings.append(taskId, 1, offset, Buffer.from(text), lost);
const all = async () => (await recordings.read(taskId, 1, 0, 1_000)).data.toString();

describe('recordings', () => {
  it('GH-6: what is sent again is stored once, and a gap is asked for again', async () => {
    expect(await append(0, 'hello ')).toBe(6);
    expect(await append(0, 'hello ')).toBe(6);
    expect(await append(3, 'lo world')).toBe(11);
    expect(await append(20, 'later')).toBe(11);
    expect(await append(11, '!')).toBe(12);
    expect(await all()).toBe('hello world!');
  });

  it('GH-6: bytes that the runner owns up to have lost are counted, not waited for', async () => {
    await append(0, 'abc');
    expect(await append(103, 'def', 100)).toBe(106);
    expect(await recordings.size(taskId, 1)).toBe(106);
    expect(await recordings.read(taskId, 1, 0, 100)).toMatchObject({ size: 6, skipped: 100 });
    expect(await append(106, 'g')).toBe(107);
    expect(await all()).toBe('abcdefg');
  });

  it('GH-6: a part is read without the rest, and an attempt that printed nothing is empty', async () => {
    await append(0, '0123456789');
    expect((await recordings.read(taskId, 1, 4, 3)).data.toString()).toBe('456');
    expect(await recordings.read(taskId, 2, 0, 10)).toMatchObject({ size: 0, skipped: 0 });
  });
});
