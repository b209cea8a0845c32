import type { RunnerEvent } from '@roundhouse/contracts';
import type { ProgramStatus } from '../domain/program-status.ts';
import type { Now } from '../ports.ts';

/** How long further reports of one agent bring no news, ms: the shortest time that a breaker stays open. */
const QUIET_MS = 60_000;

/** Reports that the agent's quota is used up, once a minute at most however often the agent says it. */
export class QuotaWatch {
  readonly #report: (event: RunnerEvent) => void;
  readonly #now: Now;
  #reportedAt = -Infinity;

  constructor(report: (event: RunnerEvent) => void, now: Now) {
    this.#report = report;
    this.#now = now;
  }

  status(status: ProgramStatus): void {
    if (status.state !== 'error' || status.quota === undefined) return;
    const now = this.#now().getTime();
    if (now - this.#reportedAt < QUIET_MS) return;
    this.#reportedAt = now;
    this.#report({ type: 'quota_hit', ...status.quota });
  }
}
