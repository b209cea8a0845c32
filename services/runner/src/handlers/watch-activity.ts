import type { RunnerEvent } from '@roundhouse/contracts';
import { BOOTING, type Reading, sameReading } from '../domain/activity.ts';
import { type ChangeBudget, fullBudget, spend } from '../domain/change-budget.ts';
import type { Now } from '../ports.ts';

/** Reports the activity when it has changed, each change at once as long as there are not too many. */
export class ActivityWatch {
  readonly #report: (event: RunnerEvent) => void;
  readonly #now: Now;
  #reading: Reading = BOOTING;
  #reported: Reading = BOOTING;
  #budget: ChangeBudget;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(report: (event: RunnerEvent) => void, now: Now) {
    this.#report = report;
    this.#now = now;
    this.#budget = fullBudget(now().getTime());
  }

  read(reading: Reading): void {
    this.#reading = reading;
    this.#tell();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #tell(): void {
    const reading = this.#reading;
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
