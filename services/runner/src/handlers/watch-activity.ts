import type { RunnerEvent } from '@roundhouse/contracts';
import { BOOTING, type Reading, sameReading } from '../domain/activity.ts';
import { type ChangeBudget, fullBudget, spend } from '../domain/change-budget.ts';
import type { EndTimer, Now, Timers } from '../ports.ts';

/** A program says that it asks before it draws what it asks: so long the drawing is waited for. */
const DRAW_MS = 1_500;

/** What the coordinator makes of such a report. */
const TAKEN_BACK: Reading = { state: 'unknown', evidence: 'prompt', question: null };

interface WatchPorts {
  readonly report: (event: RunnerEvent) => void;
  readonly now: Now;
  readonly timers: Timers;
}

/**
 * Reports the activity when it has changed, each change at once as long as there are not too many. `draws`: the agent shows
 * what it asks as a dialog, and that it asks is told together with that, since an answer must name it.
 */
export class ActivityWatch {
  readonly #ports: WatchPorts;
  readonly #draws: boolean;
  #reading: Reading = BOOTING;
  #reported: Reading = BOOTING;
  #budget: ChangeBudget;
  /** When it was first said that it asks, while no dialog is seen. */
  #asksSince: number | null = null;
  #endTimer: EndTimer = () => undefined;
  #closed = false;

  constructor(ports: WatchPorts, draws: boolean) {
    this.#ports = ports;
    this.#draws = draws;
    this.#budget = fullBudget(ports.now().getTime());
  }

  read(reading: Reading): void {
    this.#reading = reading;
    const unseen = this.#draws && reading.state === 'waiting_input' && reading.question?.id === undefined;
    this.#asksSince = unseen ? (this.#asksSince ?? this.#ports.timers.now()) : null;
    this.#tell();
  }

  /**
   * A prompt is reported to be taken. The coordinator holds an idle or waiting report for older than that, and takes it back. What is
   * read by now is newer, since an Enter is work until the program has shown what came of it; so it is said once more.
   */
  promptAccepted(): void {
    const { state } = this.#reported;
    if (state !== 'idle' && state !== 'waiting_input') return;
    this.#reported = TAKEN_BACK;
    this.#tell();
  }

  close(): void {
    this.#closed = true;
    this.#endTimer();
  }

  #tell(): void {
    const reading = this.#reading;
    this.#endTimer();
    if (this.#closed || sameReading(reading, this.#reported)) return;
    const { now, report, timers } = this.#ports;
    const drawMs = this.#asksSince === null ? 0 : this.#asksSince + DRAW_MS - timers.now();
    const { budget, waitMs } = drawMs > 0 ? { budget: this.#budget, waitMs: drawMs } : this.#spend();
    this.#budget = budget;
    if (waitMs > 0) {
      this.#endTimer = timers.after(waitMs, () => this.#tell());
      return;
    }
    this.#reported = reading;
    report({ type: 'activity', activity: { ...reading, at: now().toISOString() } });
  }

  #spend(): ReturnType<typeof spend> {
    return spend(this.#budget, this.#ports.now().getTime());
  }
}
