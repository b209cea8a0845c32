/** What each slot's doors listen with: three sockets. */
const LISTENING = 3;
/** Descriptors that are none of a connection's: modules, the log, the watch, questions for names. */
const SPARE = 128;
/** The part of all connections that one slot may hold, and the part that is kept for those that hold little. */
const PART = 4;

/** Counts the connections of one slot. */
export interface Share {
  /** Whether there is room for one more; if so it is counted until `leave`. */
  enter(): boolean;
  leave(): void;
  /** The slot is gone. What it still holds leaves one by one. */
  close(): void;
}

/**
 * How many connections the relay holds at most, over all slots, within the descriptors that the process may have: two
 * each. No slot gets more than a quarter. When only the last quarter is left, it is shared out evenly, so that slots
 * that take all they can, however many, still leave room for those that need little.
 */
export class ConnectionBudget {
  readonly #most: number;
  readonly #descriptors: number;
  #held = 0;
  #slots = 0;

  constructor(limits: { readonly connections: number; readonly descriptors: number }) {
    this.#most = limits.connections;
    this.#descriptors = limits.descriptors;
  }

  get limit(): number {
    const free = this.#descriptors - SPARE - LISTENING * this.#slots;
    return Math.max(PART, Math.min(this.#most, Math.floor(free / 2)));
  }

  openSlot(): Share {
    this.#slots += 1;
    let own = 0;
    return {
      enter: () => {
        if (!this.#hasRoom(own)) return false;
        this.#held += 1;
        own += 1;
        return true;
      },
      leave: () => {
        this.#held -= 1;
        own -= 1;
      },
      close: () => {
        this.#slots -= 1;
      },
    };
  }

  #hasRoom(own: number): boolean {
    const { limit } = this;
    const part = Math.floor(limit / PART);
    if (this.#held >= limit || own >= part) return false;
    return this.#held < limit - part || own < Math.max(1, Math.floor(part / this.#slots));
  }
}
