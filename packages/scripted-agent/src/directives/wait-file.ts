import { once } from 'node:events';
import { watch } from 'node:fs';
import { access } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { type Directive, firstWord, numberIn } from '../directive.ts';

const MAX_MS = 3_600_000;

/** Waits until a file is there: how a test holds an agent at a point and lets it go on. */
export const waitFile: Directive = async ({ signal }, rest) => {
  const [name, time] = firstWord(rest, 'the path');
  const path = resolve(name);
  const bound = AbortSignal.any([signal, AbortSignal.timeout(numberIn(time, 'the time in milliseconds', MAX_MS))]);
  const watcher = watch(dirname(path));
  try {
    for (;;) {
      // Listened to before it is looked at: else a change in between would be heard by nobody.
      const changed = once(watcher, 'change', { signal: bound });
      changed.catch(() => undefined);
      if (await exists(path)) return;
      await changed;
    }
  } catch {
    throw new Error(signal.aborted ? 'interrupted' : `${name} did not appear in time`);
  } finally {
    watcher.close();
  }
};

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}
