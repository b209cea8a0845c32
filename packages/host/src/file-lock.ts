import { randomBytes } from 'node:crypto';
import { link, readFile, rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { moveAtomic, writeFileAtomic } from './atomic-file.ts';
import { startTimeOf } from './process-table.ts';

/** A lock is held by a live process other than (or the same as) the caller. */
export class LockHeldError extends Error {
  override readonly name = 'LockHeldError';
  readonly pid: number;

  constructor(path: string, pid: number) {
    super(`${path} is held by process ${pid}`);
    this.pid = pid;
  }
}

export interface FileLock {
  /** Twice is fine. */
  release(): Promise<void>;
}

/**
 * Takes a lock that is a file with its holder's pid and start time, made by `link`, which is atomic and never replaces.
 * The lock of a dead holder is taken over. While a live one holds it, waits up to `waitMs` and then throws LockHeldError.
 */
export async function takeFileLock(
  path: string,
  options: { readonly waitMs: number; readonly signal?: AbortSignal | undefined },
): Promise<FileLock> {
  const end = Date.now() + options.waitMs;
  const mine = JSON.stringify({
    pid: process.pid,
    startTime: await startTimeOf(process.pid),
    nonce: randomBytes(8).toString('hex'),
  });
  for (;;) {
    options.signal?.throwIfAborted();
    if (await place(path, mine)) return { release: () => release(path, mine) };
    const held = await readFile(path, 'utf8').catch(() => null);
    if (held === null) continue;
    const holder = await liveHolder(held);
    if (holder === null) {
      await removeStale(path, held);
      continue;
    }
    if (Date.now() >= end) throw new LockHeldError(path, holder);
    // A lock file tells nobody of its release, least of all when its holder is killed, so it is looked at again.
    await delay(100, undefined, options.signal === undefined ? {} : { signal: options.signal });
  }
}

async function place(path: string, content: string): Promise<boolean> {
  const own = `${path}.${randomBytes(8).toString('hex')}`;
  await writeFileAtomic(own, content, { mode: 0o600 });
  try {
    await link(own, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(own, { force: true });
  }
}

async function liveHolder(content: string): Promise<number | null> {
  let holder: { pid?: unknown; startTime?: unknown };
  try {
    holder = JSON.parse(content) as typeof holder;
  } catch {
    return null; // Only whole files are linked; anything else is not a lock of ours.
  }
  if (typeof holder.pid !== 'number') return null;
  return (await startTimeOf(holder.pid)) === holder.startTime ? holder.pid : null;
}

/** Moves the stale lock away first: had somebody taken it over meanwhile, what was moved is theirs and goes back. */
async function removeStale(path: string, stale: string): Promise<void> {
  const aside = `${path}.${randomBytes(8).toString('hex')}`;
  if ((await moveAtomic(path, aside)) === 'absent') return;
  if ((await readFile(aside, 'utf8')) !== stale) await link(aside, path).catch(() => undefined);
  await rm(aside, { force: true });
}

async function release(path: string, mine: string): Promise<void> {
  if ((await readFile(path, 'utf8').catch(() => null)) === mine) await rm(path, { force: true });
}
