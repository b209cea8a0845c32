import { open, readdir } from 'node:fs/promises';

/** What is read of a record, from its end: the prompt that is looked for is among the last things that happened. */
const TAIL_BYTES = 1024 * 1024;
const MISSING = ['ENOENT', 'ENOTDIR'];

/**
 * The last entries of a program's record of a conversation, an object a line, of those whose line has `mark` in it; none where there
 * is no record yet. A line that is cut, as the first one may be and the last one while it is written, is none.
 */
export async function lastEntries(file: string, mark: string): Promise<readonly unknown[]> {
  const tail = (await unlessMissing(tailOf(file))) ?? '';
  return tail.split('\n').flatMap((line) => (line.includes(mark) ? entryOf(line) : []));
}

function entryOf(line: string): unknown[] {
  try {
    return [JSON.parse(line) as unknown];
  } catch {
    return [];
  }
}

/** What is in a folder; nothing where there is none yet. */
export const namesIn = async (folder: string): Promise<readonly string[]> =>
  (await unlessMissing(readdir(folder))) ?? [];

async function tailOf(file: string): Promise<string> {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    const length = Math.min(size, TAIL_BYTES);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, size - length);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await handle.close();
  }
}

const unlessMissing = <T>(reading: Promise<T>): Promise<T | null> =>
  reading.catch((error: NodeJS.ErrnoException) => {
    if (MISSING.includes(error.code ?? '')) return null;
    throw error;
  });
