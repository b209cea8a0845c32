import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '@roundhouse/host';
import type { WorktreeSource } from '@roundhouse/contracts';
import type { SlotStorage } from '../../ports.ts';

export interface CheckoutOrder {
  readonly projectId: string;
  readonly commit: string;
  readonly hubObjects: string;
}

/** Where prepared checkouts come from. */
export interface CheckoutSource {
  /** The folder of one to lay worktrees over, made first where there is none; null where it cannot be had. */
  get(order: CheckoutOrder, signal: AbortSignal): Promise<string | null>;
  /** Stops what is being made. */
  close(): Promise<void>;
}

/** How a prepared checkout is made: a runner in mode prepare leaves it at `<folder>/worktree`. */
export type MakeCheckout = (
  order: {
    readonly folder: string;
    readonly hubObjects: string;
    readonly baseCommit: string;
    readonly projectId: string;
  },
  signal: AbortSignal,
) => Promise<void>;

/** More commits than are worked from at once; a forgotten one is only asked for once more. */
const MAX_KNOWN = 1_000;
/** How long a start waits for a checkout to be prepared: well below its lease, and about what making its own would take. */
const PATIENCE_MS = 30_000;

/** Gives slots their worktrees. */
export class Checkouts {
  readonly #storage: SlotStorage;
  readonly #source: CheckoutSource;
  readonly #log: Logger;
  readonly #over = new AbortController();
  /** Those that were had before, and may be expected to be there at once. */
  readonly #known = new Set<string>();
  /** The last head of each project that was heard of. */
  readonly #heads = new Map<string, string>();
  readonly #making = new Set<Promise<unknown>>();

  constructor(storage: SlotStorage, source: CheckoutSource, log: Logger) {
    this.#storage = storage;
    this.#source = source;
    this.#log = log;
  }

  /**
   * Lays a worktree at the slot's box where one can be had, and says so; else the runner makes its own. With `atOnce`
   * one that is still to be made is not waited for: it is made for those who come later. A worktree that was laid ahead,
   * over another commit, is brought up to the base by its runner.
   */
  async lay(
    slot: string,
    order: { readonly projectId: string; readonly baseCommit: string; readonly hubObjects: string | null },
    options: { readonly atOnce: boolean },
  ): Promise<WorktreeSource> {
    const { projectId, baseCommit: commit, hubObjects } = order;
    if (this.#storage.worktrees !== 'overlay' || hubObjects === null) return 'checkout';
    const isKnown = this.#known.has(keyOf(projectId, commit));
    const having = this.#keepOn(this.have({ projectId, commit, hubObjects }, this.#over.signal));
    if (options.atOnce && !isKnown) return await this.#asItIs(slot);
    const checkout = await patiently(having);
    if (checkout === null) return await this.#asItIs(slot);
    try {
      await this.#storage.lay(slot, checkout);
      return 'prepared';
    } catch (error) {
      this.#known.delete(keyOf(projectId, commit));
      this.#log.warn({ slot, err: error }, 'a worktree could not be laid; its runner makes its own');
      return await this.#asItIs(slot);
    }
  }

  /** Answers the folder of a prepared checkout, made first where there is none; null where it cannot be had. */
  async have(order: CheckoutOrder, signal: AbortSignal): Promise<string | null> {
    if (this.#storage.worktrees !== 'overlay') return null;
    const checkout = await this.#source.get(order, signal);
    if (checkout === null) this.#known.delete(keyOf(order.projectId, order.commit));
    else this.#remember(keyOf(order.projectId, order.commit));
    return checkout;
  }

  /** That a project is at another commit by now. */
  headMoved(projectId: string, commit: string): void {
    this.#heads.delete(projectId);
    this.#heads.set(projectId, commit);
    const [oldest] = this.#heads.keys();
    if (this.#heads.size > MAX_KNOWN && oldest !== undefined) this.#heads.delete(oldest);
  }

  headOf(projectId: string): string | null {
    return this.#heads.get(projectId) ?? null;
  }

  async close(): Promise<void> {
    this.#over.abort(new Error('the launcher is stopping'));
    await Promise.allSettled([...this.#making, this.#source.close()]);
  }

  async #asItIs(slot: string): Promise<WorktreeSource> {
    return (await this.#storage.isLaid(slot)) ? 'prepared' : 'checkout';
  }

  #remember(key: string): void {
    this.#known.add(key);
    const [oldest] = this.#known;
    if (this.#known.size > MAX_KNOWN && oldest !== undefined) this.#known.delete(oldest);
  }

  /** Goes on whether anybody waits for it or not. */
  #keepOn(having: Promise<string | null>): Promise<string | null> {
    const watched = having
      .catch((error: unknown) => {
        if (!this.#over.signal.aborted) this.#log.warn({ err: error }, 'a checkout could not be prepared');
        return null;
      })
      .finally(() => this.#making.delete(watched));
    this.#making.add(watched);
    return watched;
  }
}

async function patiently(having: Promise<string | null>): Promise<string | null> {
  const over = new AbortController();
  const late = delay(PATIENCE_MS, null, { signal: over.signal });
  late.catch(() => undefined);
  try {
    return await Promise.race([having, late]);
  } finally {
    over.abort();
  }
}

const keyOf = (projectId: string, commit: string): string => `${projectId} ${commit}`;
