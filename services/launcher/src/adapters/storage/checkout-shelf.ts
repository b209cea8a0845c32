import { chown, lstat, mkdir, mkdtemp, readdir, stat, utimes } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ObjectId, Uuid } from '@roundhouse/contracts';
import { moveAtomic } from '@roundhouse/host';
import { deleteTree } from './delete-tree.ts';
import { findProgram, runProgram } from './program.ts';
import { type StoragePaths, isSlot, slotPaths } from './slot-paths.ts';
import { checkoutOf } from './worktree-overlays.ts';

const SYNC_MS = 120_000;
/** Of those under no worktree: so many a project are kept for the next attempts, and none for longer than this. */
const KEPT_UNUSED = 4;
const UNUSED_MS = 7 * 24 * 3_600_000;
/** From the answer that named it until its worktree is laid, a checkout is in use though nothing shows it. */
const HANDED_OUT_MS = 600_000;
const MAKING = '.making-';
const GONE = '.gone-';

export interface CheckoutName {
  readonly projectId: string;
  readonly commit: string;
}

/** The prepared checkouts on disk. A finished one has its commit as name; all else is half made or to be deleted. */
export class CheckoutShelf {
  readonly #paths: StoragePaths;
  readonly #owner: { readonly uid: number; readonly gid: number };

  constructor(paths: StoragePaths, owner: { readonly uid: number; readonly gid: number }) {
    this.#paths = paths;
    this.#owner = owner;
  }

  /** The worktree of a finished one, marked as used just now; null where there is none. */
  async find(name: CheckoutName): Promise<string | null> {
    const folder = this.#folderOf(name);
    const now = new Date();
    try {
      await utimes(folder, now, now);
      return join(folder, 'worktree');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
  }

  /** An empty folder of the sandbox's user to make one in. */
  async begin({ projectId, commit }: CheckoutName): Promise<string> {
    const project = join(this.#paths.checkouts, Uuid.parse(projectId));
    await mkdir(project, { recursive: true, mode: 0o700 });
    const folder = await mkdtemp(join(project, `${MAKING}${ObjectId.parse(commit).slice(0, 12)}-`));
    if (process.getuid?.() === 0) await chown(folder, this.#owner.uid, this.#owner.gid);
    return folder;
  }

  /** Puts it in its place, once it is on disk: what a host that goes down would leave half written is never used. */
  async finish(folder: string, name: CheckoutName, signal: AbortSignal): Promise<string> {
    const worktree = await lstat(join(folder, 'worktree')).catch(() => null);
    // A link would be followed by root and shown to a sandbox.
    if (worktree?.isDirectory() !== true) throw new Error('no worktree was made');
    const sync = await findProgram('sync');
    if (sync !== null) await runProgram(sync, ['-f', folder], { timeoutMs: SYNC_MS, signal });
    const to = this.#folderOf(name);
    if ((await moveAtomic(folder, to)) === 'occupied') await deleteTree(folder);
    return join(to, 'worktree');
  }

  /** Deletes one that was begun and not finished. */
  async drop(folder: string): Promise<void> {
    await deleteTree(folder);
  }

  /** Deletes what a crash left and what is too old, in all projects. Only while nothing is being made. */
  async clear(nowMs: number): Promise<void> {
    for (const projectId of await entriesOf(this.#paths.checkouts)) {
      if (!Uuid.safeParse(projectId).success) continue;
      const project = join(this.#paths.checkouts, projectId);
      for (const entry of await entriesOf(project)) {
        if (entry.startsWith(MAKING) || entry.startsWith(GONE)) await deleteTree(join(project, entry));
      }
      await this.trim(projectId, nowMs);
    }
  }

  /** Deletes those of a project that no worktree lies over, but for the few used last. */
  async trim(projectId: string, nowMs: number): Promise<void> {
    const project = join(this.#paths.checkouts, Uuid.parse(projectId));
    const inUse = await this.#inUse();
    const commits = (await entriesOf(project)).filter((entry) => ObjectId.safeParse(entry).success);
    const unused: { folder: string; usedMs: number }[] = [];
    for (const commit of commits) {
      const folder = join(project, commit);
      if (!inUse.has(join(folder, 'worktree'))) unused.push({ folder, usedMs: (await stat(folder)).mtimeMs });
    }
    unused.sort((one, other) => other.usedMs - one.usedMs);
    for (const [index, { folder, usedMs }] of unused.entries()) {
      const ageMs = nowMs - usedMs;
      if (ageMs > UNUSED_MS || (index >= KEPT_UNUSED && ageMs > HANDED_OUT_MS)) await removeCheckout(folder);
    }
  }

  #folderOf({ projectId, commit }: CheckoutName): string {
    return join(this.#paths.checkouts, Uuid.parse(projectId), ObjectId.parse(commit));
  }

  /** The slots themselves say which they use, so a launcher that was killed knows it again. */
  async #inUse(): Promise<Set<string>> {
    const used = new Set<string>();
    for (const folder of [this.#paths.slots, this.#paths.keptSlots]) {
      for (const name of (await entriesOf(folder)).filter(isSlot)) {
        const checkout = await checkoutOf(slotPaths(join(folder, name)));
        if (checkout !== null) used.add(checkout);
      }
    }
    return used;
  }
}

/** Out of the way first: half deleted, it has a name that nobody looks for. */
async function removeCheckout(folder: string): Promise<void> {
  const gone = join(folder, '..', `${GONE}${basename(folder)}`);
  await deleteTree(gone);
  await moveAtomic(folder, gone);
  await deleteTree(gone);
}

async function entriesOf(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
