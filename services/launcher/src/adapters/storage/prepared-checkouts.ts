import { mkdir, realpath } from 'node:fs/promises';
import type { Logger } from '@roundhouse/host';
import { type CheckoutName, CheckoutShelf } from './checkout-shelf.ts';
import { SharedWork } from './shared-work.ts';
import { StoragePaths } from './slot-paths.ts';

/** A large repository on a slow disk; what takes longer would hold up the tasks that it is to speed up. */
const PREPARE_MS = 600_000;
const RETRY_MS = 60_000;

export interface CheckoutOrder extends CheckoutName {
  readonly hubObjects: string;
}

export interface PrepareOrder {
  /** An empty folder of the sandbox's user: the box to run the runner in. It leaves `worktree` in it. */
  readonly folder: string;
  readonly hubObjects: string;
  readonly baseCommit: string;
  readonly projectId: string;
}

export interface PreparedCheckoutsOptions {
  /** The storage's. */
  readonly root: string;
  readonly worktrees: 'checkout' | 'overlay';
  readonly uid: number;
  readonly gid: number;
  /** Runs a runner in mode `prepare`; rejects where it did not end well. Heeds the signal. */
  readonly prepare: (order: PrepareOrder, signal: AbortSignal) => Promise<void>;
  readonly log: Logger;
  readonly now?: () => number;
}

/**
 * Checkouts that worktrees are laid over, one a project and commit, made once and kept while a worktree lies over them,
 * the few used last also longer.
 */
export class PreparedCheckouts {
  readonly #options: PreparedCheckoutsOptions;
  readonly #shelf: CheckoutShelf;
  readonly #now: () => number;
  readonly #makings = new SharedWork<string | null>();
  readonly #failedAt = new Map<string, number>();
  #trimming: Promise<void> = Promise.resolve();
  #isClosed = false;

  private constructor(options: PreparedCheckoutsOptions, shelf: CheckoutShelf) {
    this.#options = options;
    this.#shelf = shelf;
    this.#now = options.now ?? Date.now;
  }

  /** Deletes what a crash left half made. After the storage was opened, and before its first slot is laid. */
  static async open(options: PreparedCheckoutsOptions): Promise<PreparedCheckouts> {
    await mkdir(options.root, { recursive: true, mode: 0o700 });
    const shelf = new CheckoutShelf(new StoragePaths(await realpath(options.root)), options);
    const checkouts = new PreparedCheckouts(options, shelf);
    await shelf.clear(checkouts.#now());
    return checkouts;
  }

  /**
   * The path of a prepared worktree to lay over, made first where there is none: callers at once share one making, which
   * ends when none of them waits any more. Null where worktrees are ordinary checkouts, or where it cannot be made: the
   * reason is logged, and it is not tried again for a minute. Rejects when the signal aborts.
   */
  async get(order: CheckoutOrder, signal: AbortSignal): Promise<string | null> {
    signal.throwIfAborted();
    if (this.#options.worktrees !== 'overlay' || this.#isClosed) return null;
    const found = await this.#shelf.find(order);
    if (found !== null) return found;
    const key = `${order.projectId}/${order.commit}`;
    if (this.#now() - (this.#failedAt.get(key) ?? -Infinity) < RETRY_MS) return null;
    return await this.#makings.run(key, (stop) => this.#makeOrSayWhyNot(key, order, stop), signal);
  }

  /** Stops what is being made. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#makings.close();
    await this.#trimming;
  }

  async #makeOrSayWhyNot(key: string, order: CheckoutOrder, stop: AbortSignal): Promise<string | null> {
    try {
      return await this.#make(order, AbortSignal.any([stop, AbortSignal.timeout(PREPARE_MS)]));
    } catch (error) {
      // Stopped, it says nothing about whether it could have been made.
      if (!stop.aborted) this.#failed(key, order, error);
      return null;
    }
  }

  async #make(order: CheckoutOrder, signal: AbortSignal): Promise<string> {
    const { projectId, commit, hubObjects } = order;
    const startedAt = this.#now();
    const folder = await this.#shelf.begin(order);
    try {
      await this.#options.prepare({ folder, hubObjects, baseCommit: commit, projectId }, signal);
      signal.throwIfAborted();
      const worktree = await this.#shelf.finish(folder, order, signal);
      this.#options.log.info({ projectId, commit, ms: this.#now() - startedAt }, 'a checkout is prepared');
      this.#trimLater(projectId);
      return worktree;
    } catch (error) {
      // What cannot be deleted now is at the next start.
      await this.#shelf.drop(folder).catch(() => undefined);
      throw error;
    }
  }

  /** One project after the other, and nobody waits for it: deleting a large checkout takes seconds. */
  #trimLater(projectId: string): void {
    this.#trimming = this.#trimming
      .then(() => this.#shelf.trim(projectId, this.#now()))
      .catch((error: unknown) => {
        this.#options.log.warn({ projectId, err: error }, 'unused checkouts could not be deleted');
      });
  }

  #failed(key: string, { projectId, commit }: CheckoutOrder, error: unknown): void {
    for (const [other, at] of this.#failedAt) if (this.#now() - at >= RETRY_MS) this.#failedAt.delete(other);
    this.#failedAt.set(key, this.#now());
    this.#options.log.warn(
      { projectId, commit, err: error },
      'a checkout cannot be prepared; worktrees are ordinary checkouts meanwhile',
    );
  }
}
