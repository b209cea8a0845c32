const WINDOW_MS = 1_000;

/**
 * Bounds the lines of a log whose writing a sandbox can cause: so many a second, the rest counted. Without it a loop in
 * a sandbox fills the disk of the host.
 */
export class LineAllowance {
  readonly #perSecond: number;
  #windowStart = Number.NEGATIVE_INFINITY;
  #spent = 0;
  #left = 0;

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
  }

  /** How many lines were left out since the last one that was written, or null where this one is to be left out too. */
  take(nowMs: number): number | null {
    if (nowMs - this.#windowStart >= WINDOW_MS) {
      this.#windowStart = nowMs;
      this.#spent = 0;
    }
    if (this.#spent >= this.#perSecond) {
      this.#left += 1;
      return null;
    }
    this.#spent += 1;
    const leftOut = this.#left;
    this.#left = 0;
    return leftOut;
  }
}
