import type { ChildProcess } from 'node:child_process';
import { watch } from 'node:fs';
import { access } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Resolves when a runner has read its configuration, which it deletes then, or has ended, or `boundMs` have passed. By then
 * the dearest part of its start, loading its code, is over. Who waits for it paces its starts: a hundred processes that
 * load at once starve each other, and the runners among them that run already, until leases are lost.
 */
export async function configTaken(file: string, child: ChildProcess, boundMs: number): Promise<void> {
  const bound = new AbortController();
  const over = (): void => bound.abort();
  const timer = setTimeout(over, boundMs);
  child.once('exit', over);
  if (child.exitCode !== null || child.signalCode !== null) over();
  try {
    await deleted(file, bound.signal);
  } finally {
    clearTimeout(timer);
    child.off('exit', over);
  }
}

function deleted(file: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const watcher = watch(dirname(file), { signal }, look);
    watcher.on('error', reject);
    watcher.on('close', resolve);
    function look(): void {
      access(file).catch(() => watcher.close());
    }
    // It may have been quicker than the watcher.
    look();
  });
}
