import { watch } from 'node:fs';
import { access } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Resolves when a runner has read its configuration, which it deletes then, or `over` aborts (the runner has ended, or
 * took too long). By then the dearest part of its start, loading its code, is over. Who waits for it paces its starts: a
 * hundred processes that load at once starve each other, and the runners among them that run already, until leases are
 * lost. Rejects where the file's folder cannot be watched.
 */
export function configTaken(file: string, over: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const watcher = watch(dirname(file), { signal: over }, look);
    watcher.on('error', reject);
    watcher.on('close', resolve);
    function look(): void {
      access(file).catch(() => watcher.close());
    }
    // It may have been quicker than the watcher.
    look();
  });
}
