import type { Logger } from '@roundhouse/host';
import { sandboxName } from '@roundhouse/contracts';
import { backoffMs } from '../domain/backoff.ts';
import { type Action, type Wanted, plan } from '../domain/plan.ts';
import { type AttemptRef, type Attempts, type SandboxView, type Sandboxes, SandboxesAwayError } from '../ports.ts';
import { ArchiveFailedError, destroySandbox, reportRemoved } from './destroy-sandbox.ts';
import type { Gate } from './gate.ts';
import type { HeldClaims } from './held-claims.ts';
import type { Lanes } from './lanes.ts';
import type { Slots } from './slots.ts';

export interface ReconcileParts {
  readonly sandboxes: Sandboxes;
  readonly attempts: Attempts;
  readonly lanes: Lanes;
  readonly slots: Slots;
  /** What there is of those is half of a start that goes on when sandboxes are back. */
  readonly held: HeldClaims;
  /** How many sandboxes may be destroyed at once. */
  readonly destroys: Gate;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** Tries of an archive run before its folder is set aside; the pauses between them grow. */
const ARCHIVE_TRIES = 3;
const MAX_RETRY_MS = 10_000;

/**
 * Makes what is what should be, one round a call. A round starts what is to be done and does not wait for it: a sandbox
 * that ends slowly holds nobody up. What failed is tried again in a later round, ever more rarely; it ends because each
 * action is something that the coordinator, once it is back, or the system can only answer for good.
 */
export class Reconciler {
  readonly #parts: ReconcileParts;
  readonly #failures = new Map<string, { count: number; archives: number; retryAt: number }>();
  #isAway = false;
  #areSandboxesAway = false;

  constructor(parts: ReconcileParts) {
    this.#parts = parts;
  }

  async round(): Promise<void> {
    const { lanes, held } = this.#parts;
    const watch = lanes.watch();
    try {
      const views = await this.#views();
      const wanted = await this.#wanted(views.filter((view) => view.state === 'running'));
      const observed = views.map((view) => ({
        ...view,
        busy: watch.touched(view) || held.has(view),
        retryAt: this.#failures.get(nameOf(view))?.retryAt ?? 0,
      }));
      for (const action of plan(observed, wanted, Date.now())) void lanes.run(action, () => this.#execute(action));
    } finally {
      watch.end();
    }
  }

  /** While sandboxes are away nothing is known of any, and nothing follows from that. */
  async #views(): Promise<readonly SandboxView[]> {
    const { sandboxes, log } = this.#parts;
    try {
      const views = await sandboxes.list();
      if (this.#areSandboxesAway) log.info({}, 'sandboxes can be seen again');
      this.#areSandboxesAway = false;
      return views;
    } catch (error) {
      if (!(error instanceof SandboxesAwayError)) throw error;
      if (!this.#areSandboxesAway) log.warn({ err: error }, 'sandboxes cannot be seen; none is touched meanwhile');
      this.#areSandboxesAway = true;
      return [];
    }
  }

  async #wanted(running: readonly SandboxView[]): Promise<readonly Wanted[] | null> {
    const { attempts, log, signal } = this.#parts;
    if (running.length === 0) return [];
    try {
      const wanted = await attempts.wanted(running.map(refOf), signal);
      if (this.#isAway) log.info({}, 'the coordinator answers again');
      this.#isAway = false;
      return wanted;
    } catch (error) {
      if (signal.aborted) return null;
      // Once, not every three seconds.
      if (!this.#isAway) log.warn({ err: error }, 'the coordinator does not answer; runners are left alone meanwhile');
      this.#isAway = true;
      return null;
    }
  }

  async #execute(action: Action): Promise<void> {
    const { destroys, slots, log, signal } = this.#parts;
    const name = nameOf(action);
    const before = this.#failures.get(name) ?? { count: 0, archives: 0, retryAt: 0 };
    try {
      const leave = await destroys.enter(signal);
      try {
        await this.#perform(action, before.archives + 1 >= ARCHIVE_TRIES);
      } finally {
        leave();
      }
      this.#failures.delete(name);
      slots.free(action);
    } catch (error) {
      if (signal.aborted) return;
      const count = before.count + 1;
      const archives = before.archives + (error instanceof ArchiveFailedError ? 1 : 0);
      const pauseMs = backoffMs(count, MAX_RETRY_MS);
      this.#failures.set(name, { count, archives, retryAt: Date.now() + pauseMs });
      log.warn(
        { ...refOf(action), err: error, tries: count, pauseMs },
        'a sandbox could not be destroyed; it will be tried again',
      );
    }
  }

  async #perform(action: Action, isLastArchive: boolean): Promise<void> {
    switch (action.do) {
      case 'destroy':
        await destroySandbox(
          action,
          { reason: action.reason, keep: isLastArchive, signal: this.#parts.signal },
          this.#parts,
        );
        return;
      case 'report':
        await reportRemoved(action, { reason: null, limit: null }, this.#parts);
        return;
    }
  }
}

const refOf = ({ taskId, attempt }: AttemptRef): AttemptRef => ({ taskId, attempt });
const nameOf = ({ taskId, attempt }: AttemptRef): string => sandboxName(taskId, attempt);
