import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

/** What is read of a record, from its end: the prompt that is looked for is among the last things that happened. */
const TAIL_BYTES = 1024 * 1024;
const Recorded = z.looseObject({ type: z.string(), timestamp: z.iso.datetime() });

/**
 * Whether Copilot has written down a prompt since then. It does so some 100 ms after it has begun to work on it, and what it has not
 * written down is gone when it dies. @throws what the system says of a record that is there and cannot be read
 */
export async function recordedSince(home: string, since: Date): Promise<boolean> {
  const folder = join(home, '.copilot', 'session-state');
  const names = (await unlessMissing(readdir(folder))) ?? [];
  for (const name of names) {
    const tail = await unlessMissing(tailOf(join(folder, name, 'events.jsonl')));
    if (tail?.split('\n').some((line) => isPromptSince(line, since)) === true) return true;
  }
  return false;
}

/** The first line of a tail, and the last one of a record that is being written, may be cut. */
function isPromptSince(line: string, since: Date): boolean {
  if (!line.startsWith('{"type":"user.message"') || !line.endsWith('}')) return false;
  const { data } = Recorded.safeParse(JSON.parse(line));
  return data !== undefined && new Date(data.timestamp) >= since;
}

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

const MISSING = ['ENOENT', 'ENOTDIR'];

const unlessMissing = <T>(reading: Promise<T>): Promise<T | null> =>
  reading.catch((error: NodeJS.ErrnoException) => {
    if (MISSING.includes(error.code ?? '')) return null;
    throw error;
  });
