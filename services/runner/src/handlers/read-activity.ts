import { BOOTING, type Reading, readActivity, sameReading } from '../domain/activity.ts';
import { sameDialog, type Dialog } from '../domain/dialog.ts';
import { type Evidence, NO_EVIDENCE, note, type Observed, submittedUntil } from '../domain/evidence.ts';
import type { ProgramStatus } from '../domain/program-status.ts';
import type { Screen } from '../domain/screen.ts';
import type { Signs } from '../domain/signs.ts';
import type { EndTimer, Timers } from '../ports.ts';

/** A dialog that is on the screen now, under the id that answers to it must name. */
export interface ShownDialog extends Dialog {
  readonly id: string;
  /** The instant of the first screen that showed it. */
  readonly since: number;
}

/**
 * Reads the activity of one agent from what its terminal gives: in order, at once, and the same for the same bytes at the
 * same instants. The runner and the replay of recordings both read through this and nothing else.
 */
export class ActivityReader {
  readonly #signs: Signs;
  readonly #timers: Timers;
  readonly #onReading: (reading: Reading) => void;
  #evidence: Evidence = NO_EVIDENCE;
  #reading: Reading = BOOTING;
  #dialog: ShownDialog | null = null;
  #dialogs = 0;
  #endTimer: EndTimer = () => undefined;

  constructor(signs: Signs, timers: Timers, onReading: (reading: Reading) => void) {
    this.#signs = signs;
    this.#timers = timers;
    this.#onReading = onReading;
  }

  /** Whether the agent was ever seen to take prompts, to work or to ask. */
  get booted(): boolean {
    return this.#evidence.booted;
  }

  /** Another program runs in the terminal: nothing that the one before it showed counts for it. */
  reset(): void {
    this.#endTimer();
    this.#endTimer = () => undefined;
    this.#evidence = NO_EVIDENCE;
    this.#dialog = null;
    if (sameReading(this.#reading, BOOTING)) return;
    this.#reading = BOOTING;
    this.#onReading(BOOTING);
  }

  get reading(): Reading {
    return this.#reading;
  }

  /** The dialog that the last settled screen showed, where the agent waits for its answer. */
  get dialog(): ShownDialog | null {
    return this.#reading.state === 'waiting_input' ? this.#dialog : null;
  }

  /** What stands where one types; null: that is not shown. */
  get input(): string | null {
    return this.#evidence.sighting?.input ?? null;
  }

  status(status: ProgramStatus): void {
    this.#take({ type: 'status', status });
  }

  title(title: string): void {
    this.#take({ type: 'title', title });
  }

  /** The screen stands still after output. */
  settled(screen: Screen): void {
    const sighting = this.#signs.look(screen);
    const { dialog } = sighting;
    if (dialog === null) this.#dialog = null;
    else if (sameDialog(this.#dialog, dialog) && this.#dialog !== null)
      this.#dialog = { ...dialog, id: this.#dialog.id, since: this.#dialog.since };
    else this.#dialog = { ...dialog, id: `dialog-${(this.#dialogs += 1)}`, since: this.#timers.now() };
    this.#take({ type: 'screen', sighting, at: this.#timers.now() });
  }

  /** Somebody typed into the terminal; the terminal's own answers to queries do not count. */
  typed(text: string): void {
    this.#take({ type: 'typed', text, at: this.#timers.now() });
  }

  close(): void {
    this.#endTimer();
  }

  #take(observed: Observed): void {
    this.#evidence = note(this.#evidence, observed, this.#signs);
    const read = readActivity(this.#evidence, this.#signs);
    this.#wakeUp();
    const { question } = read;
    const reading =
      question === null || this.#dialog === null ? read : { ...read, question: { ...question, id: this.#dialog.id } };
    if (reading.state !== 'booting' && reading.state !== 'unknown')
      this.#evidence = { ...this.#evidence, booted: true };
    // What comes up afterwards is another dialog, even where it says the same.
    if (this.#reading.state === 'waiting_input' && reading.state !== 'waiting_input') this.#dialog = null;
    if (sameReading(reading, this.#reading)) return;
    this.#reading = reading;
    this.#onReading(reading);
  }

  /** An Enter without effect stops counting at an instant at which nothing else may happen. */
  #wakeUp(): void {
    this.#endTimer();
    this.#endTimer = () => undefined;
    const until = submittedUntil(this.#evidence);
    if (until === null) return;
    const ms = Math.max(0, until - this.#timers.now());
    this.#endTimer = this.#timers.after(ms, () => this.#take({ type: 'time', at: this.#timers.now() }));
  }
}
