import { once } from 'node:events';

/** One attempt that may be taken from the queue. */
export interface Opening {
  /** It has got its warm sandbox or its turn to start one, or needs neither. Twice is fine. */
  decided(): void;
}

export interface OpeningParts {
  readonly isReady: () => boolean;
  /** How many sandboxes could begin to start now. */
  readonly starts: () => number;
  /** How many wait for an attempt. */
  readonly warm: () => number;
}

/**
 * Lets the intake take an attempt only when something can be done with it at once: while sandboxes can be started at
 * all, and as many as find a warm one or a turn to start one. What waits, waits in the queue, where another launcher can
 * have it. Before an attempt is claimed nobody knows which of the two it needs, so the two are counted together.
 */
export class Openings {
  readonly #parts: OpeningParts;
  readonly #changes = new EventTarget();
  #undecided = 0;

  constructor(parts: OpeningParts) {
    this.#parts = parts;
  }

  async enter(signal: AbortSignal): Promise<Opening> {
    signal.throwIfAborted();
    while (!this.#isOpen()) await this.#changed(signal);
    this.#undecided += 1;
    let isDecided = false;
    return {
      decided: () => {
        if (isDecided) return;
        isDecided = true;
        this.#undecided -= 1;
        this.poke();
      },
    };
  }

  /** Something that it was told of by its parts has changed. */
  poke(): void {
    if (this.#isOpen()) this.#changes.dispatchEvent(new Event('change'));
  }

  #isOpen(): boolean {
    const { isReady, starts, warm } = this.#parts;
    return isReady() && this.#undecided < starts() + warm();
  }

  async #changed(signal: AbortSignal): Promise<void> {
    await once(this.#changes, 'change', { signal });
  }
}
