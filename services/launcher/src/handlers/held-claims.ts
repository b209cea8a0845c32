import { LEASE, sandboxName } from '@roundhouse/contracts';
import type { Logger } from '@roundhouse/host';
import type { AttemptRef, Attempts } from '../ports.ts';

/** Three times within the lease that begins with a claim, so that one call may fail. */
const RENEW_MS = LEASE.startTtlMs / 3;
/** More than there are places is not held; beyond this it is somebody's mistake. */
const MAX_HELD = 1_000;

/**
 * Attempts that this launcher has claimed and could not start because sandboxes are away. They are back in the queue;
 * here they are claimed again before their lease is over, so that an outage of any length costs none of them a try. It
 * ends when one is started, here or elsewhere, or is not wanted any more.
 */
export class HeldClaims {
  readonly #attempts: Attempts;
  readonly #log: Logger;
  readonly #held = new Map<string, { readonly ref: AttemptRef; claimedAt: number }>();

  constructor(parts: { readonly attempts: Attempts; readonly log: Logger }) {
    this.#attempts = parts.attempts;
    this.#log = parts.log;
  }

  has(ref: AttemptRef): boolean {
    return this.#held.has(nameOf(ref));
  }

  hold({ taskId, attempt }: AttemptRef, now: number): void {
    if (this.#held.size < MAX_HELD)
      this.#held.set(nameOf({ taskId, attempt }), { ref: { taskId, attempt }, claimedAt: now });
  }

  drop(ref: AttemptRef): void {
    this.#held.delete(nameOf(ref));
  }

  /** Claims those again whose lease is a third over. To be called every few seconds. */
  async renew(now: number, signal: AbortSignal): Promise<void> {
    const due = [...this.#held.values()].filter(({ claimedAt }) => claimedAt <= now - RENEW_MS);
    await Promise.all(
      due.map(async (held) => {
        try {
          const claim = await this.#attempts.claim(held.ref, signal);
          if (claim.outcome === 'obsolete') this.drop(held.ref);
          else held.claimedAt = now;
        } catch (error) {
          // The coordinator is away: the next round tries again, and while it is away no lease is judged.
          this.#log.debug({ ...held.ref, err: error }, 'a claim could not be renewed');
        }
      }),
    );
  }
}

const nameOf = ({ taskId, attempt }: AttemptRef): string => sandboxName(taskId, attempt);
