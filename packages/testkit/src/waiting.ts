import { setTimeout as pause } from 'node:timers/promises';
import type { Readable } from 'node:stream';

/** A wait of a test that took too long. The message names what was waited for. */
export class WaitedTooLong extends Error {
  override readonly name = 'WaitedTooLong';
}

/** Gives the promise at most `ms` milliseconds. `what` ends the sentence "waited … for …". */
export async function within<T>(ms: number, what: string, promise: Promise<T>): Promise<T> {
  const bound = new AbortController();
  const late = pause(ms, undefined, { signal: bound.signal }).then(() => {
    throw new WaitedTooLong(`waited ${ms} ms for ${what}`);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    bound.abort();
    await late.catch(() => undefined);
  }
}

/**
 * Reads a stream until a whole line matches, at most `ms` milliseconds. What was read so far (its last 4000
 * characters) stands in the error, so that a failed test shows why.
 */
export async function lineMatching(stream: Readable, pattern: RegExp, ms: number): Promise<string> {
  const state = { seen: '' };
  const found = new Promise<string>((resolve, reject) => {
    let rest = '';
    const read = (chunk: Buffer | string): void => {
      rest += chunk.toString();
      state.seen = (state.seen + chunk.toString()).slice(-4_000);
      const lines = rest.split('\n');
      rest = lines.pop() ?? '';
      const line = lines.find((candidate) => pattern.test(candidate));
      if (line === undefined) return;
      stream.off('data', read);
      resolve(line);
    };
    stream.on('data', read);
    stream.once('error', reject);
    stream.once('close', () => reject(new Error(`the stream ended without a line like ${pattern}: ${state.seen}`)));
  });
  return within(ms, `a line like ${pattern}`, found).catch((error: unknown) => {
    if (error instanceof WaitedTooLong) throw new WaitedTooLong(`${error.message}; seen: ${state.seen}`);
    throw error;
  });
}

/**
 * Asks again and again until the answer is not undefined. Only for what sends no event to us: the end of a process
 * that is not our child, a file of another process. Everything else has an event; wait for that one.
 */
export async function eventually<T>(what: string, ms: number, ask: () => Promise<T | undefined>): Promise<T> {
  const until = performance.now() + ms;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() > until) throw new WaitedTooLong(`waited ${ms} ms for ${what}`);
    await pause(20);
  }
}
