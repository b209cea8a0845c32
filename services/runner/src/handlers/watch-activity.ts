import type { RunnerEvent } from '@roundhouse/contracts';
import { type Evidence, NO_EVIDENCE, type Reading, readActivity, sameReading } from '../domain/activity.ts';
import { type ChangeBudget, fullBudget, spend } from '../domain/change-budget.ts';
import type { ProgramStatus } from '../domain/program-status.ts';
import type { Now } from '../ports.ts';

/** Reports the activity when it has changed, each change at once as long as there are not too many. */
export class ActivityWatch {
  readonly #report: (event: RunnerEvent) => void;
  readonly #now: Now;
  #evidence: Evidence = NO_EVIDENCE;
  #reported: Reading = readActivity(NO_EVIDENCE);
  #budget: ChangeBudget;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(report: (event: RunnerEvent) => void, now: Now) {
    this.#report = report;
    this.#now = now;
    this.#budget = fullBudget(now().getTime());
  }

  status(status: ProgramStatus): void {
    this.#evidence = { ...this.#evidence, status };
    this.#tell();
  }

  settled(cursorLine: string): void {
    this.#evidence = { ...this.#evidence, cursorLine };
    this.#tell();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #tell(): void {
    const reading = readActivity(this.#evidence);
    if (this.#closed || sameReading(reading, this.#reported)) return;
    const { budget, waitMs } = spend(this.#budget, this.#now().getTime());
    this.#budget = budget;
    clearTimeout(this.#timer);
    if (waitMs > 0) {
      this.#timer = setTimeout(() => this.#tell(), waitMs);
      return;
    }
    this.#reported = reading;
    this.#report({ type: 'activity', activity: { ...reading, at: this.#now().toISOString() } });
  }
}
