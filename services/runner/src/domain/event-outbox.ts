import type { RunnerEvent } from '@roundhouse/contracts';

export interface NumberedEvent {
  readonly seq: number;
  readonly event: RunnerEvent;
}

/** Events numbered from 1, kept until they are acknowledged. */
export class EventOutbox {
  #lastSeq = 0;
  #kept: NumberedEvent[] = [];

  add(event: RunnerEvent): NumberedEvent {
    this.#lastSeq += 1;
    const numbered = { seq: this.#lastSeq, event };
    this.#kept.push(numbered);
    return numbered;
  }

  /** Forgets what is committed. A number above our own last one (a predecessor's) moves our numbers behind it. */
  acknowledge(seq: number): void {
    this.#kept = this.#kept.filter((entry) => entry.seq > seq);
    this.#lastSeq = Math.max(this.#lastSeq, seq);
  }

  /** All that must be sent again on a new connection, in order. */
  pending(): readonly NumberedEvent[] {
    return this.#kept;
  }
}
