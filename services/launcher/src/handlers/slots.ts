import { sandboxName } from '@roundhouse/contracts';
import type { AttemptRef } from '../ports.ts';
import { Gate } from './gate.ts';

export interface Reservation {
  /** The place is that sandbox's until it is freed. */
  assign(ref: AttemptRef): void;
  /** Nothing came of it. Does nothing after `assign`. */
  cancel(): void;
}

/** The places for sandboxes on this host. A sandbox has its place from before it starts until it is gone. */
export class Slots {
  readonly #gate: Gate;
  readonly #held = new Map<string, () => void>();
  readonly limit: number;

  constructor(limit: number) {
    this.limit = limit;
    this.#gate = new Gate(limit);
  }

  /** How many sandboxes have a place. */
  get held(): number {
    return this.#held.size;
  }

  /** Waits for a free place. */
  async reserve(signal: AbortSignal): Promise<Reservation> {
    const leave = await this.#gate.enter(signal);
    let isAssigned = false;
    return {
      assign: (ref) => {
        isAssigned = true;
        // A sandbox that was recovered and is then handed over again needs one place, not two.
        if (this.#held.has(nameOf(ref))) leave();
        else this.#held.set(nameOf(ref), leave);
      },
      cancel: () => {
        if (!isAssigned) leave();
      },
    };
  }

  /** A sandbox that was found running has its place, even beyond the limit. */
  hold(ref: AttemptRef): void {
    if (!this.#held.has(nameOf(ref))) this.#held.set(nameOf(ref), this.#gate.force());
  }

  /** Twice is fine. */
  free(ref: AttemptRef): void {
    this.#held.get(nameOf(ref))?.();
    this.#held.delete(nameOf(ref));
  }
}

const nameOf = ({ taskId, attempt }: AttemptRef): string => sandboxName(taskId, attempt);
