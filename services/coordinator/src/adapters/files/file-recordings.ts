import { mkdir, open, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { writeFileAtomic } from '@roundhouse/host';
import { z } from 'zod';
import type { Recordings } from '../../ports/output.ts';

/** The most that is kept of one attempt's output, bytes. */
const MAX_BYTES = 64 * 1024 * 1024;

const Skipped = z.object({ skipped: z.int().min(0) });

/** Where the recording of an attempt is, or would be. */
export const recordingFiles =
  (folder: string) =>
  (taskId: string, attempt: number): string =>
    join(folder, taskId, `${attempt}.log`);

/**
 * One file an attempt, appended. An offset counts every byte that the terminal printed; what was not recorded (a full
 * buffer of the runner, the cap) is counted beside the file. One link a runner: one writer a file.
 */
export function createFileRecordings(folder: string): Recordings {
  const file = recordingFiles(folder);
  const sidecar = (taskId: string, attempt: number): string => `${file(taskId, attempt)}.json`;

  const skippedOf = async (taskId: string, attempt: number): Promise<number> => {
    const text = await readFile(sidecar(taskId, attempt), 'utf8').catch(absent);
    return text === null ? 0 : Skipped.parse(JSON.parse(text)).skipped;
  };
  const bytesOf = async (taskId: string, attempt: number): Promise<number> =>
    (await stat(file(taskId, attempt)).catch(absent))?.size ?? 0;
  const position = async (taskId: string, attempt: number): Promise<{ bytes: number; skipped: number }> => {
    const [bytes, skipped] = await Promise.all([bytesOf(taskId, attempt), skippedOf(taskId, attempt)]);
    return { bytes, skipped };
  };

  return {
    async size(taskId, attempt) {
      const { bytes, skipped } = await position(taskId, attempt);
      return bytes + skipped;
    },

    async append(taskId, attempt, offset, data, lost) {
      const { bytes, skipped } = await position(taskId, attempt);
      const end = bytes + skipped;
      // The chunk begins at `offset`, after `lost` bytes that nobody has. A gap that is not owned up to is asked for again.
      if (offset - lost > end) return end;
      const fresh = data.subarray(Math.min(data.length, Math.max(0, end - offset)));
      const gap = Math.max(0, offset - end);
      const room = Math.max(0, Math.min(fresh.length, MAX_BYTES - bytes));
      const dropped = gap + fresh.length - room;
      if (room > 0) await appendTo(file(taskId, attempt), fresh.subarray(0, room));
      if (dropped > 0) await writeSkipped(sidecar(taskId, attempt), skipped + dropped);
      return end + gap + fresh.length;
    },

    async read(taskId, attempt, offset, length) {
      const { bytes, skipped } = await position(taskId, attempt);
      if (offset >= bytes) return { data: Buffer.alloc(0), size: bytes, skipped };
      const handle = await open(file(taskId, attempt), 'r');
      try {
        const buffer = Buffer.alloc(Math.min(length, bytes - offset));
        const { bytesRead } = await handle.read(buffer, 0, buffer.length, offset);
        return { data: buffer.subarray(0, bytesRead), size: bytes, skipped };
      } finally {
        await handle.close();
      }
    },
  };
}

const absent = (error: NodeJS.ErrnoException): null => {
  if (error.code === 'ENOENT') return null;
  throw error;
};

async function appendTo(path: string, data: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const handle = await open(path, 'a', 0o600);
  try {
    await handle.write(data);
  } finally {
    await handle.close();
  }
}

async function writeSkipped(path: string, skipped: number): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeFileAtomic(path, JSON.stringify({ skipped }), { mode: 0o600 });
}
