/** Lets at most `limit` in at once; the others wait in the order they came. */
export class Gate {
  readonly #limit: number;
  readonly #left: () => void;
  readonly #waiting: (() => void)[] = [];
  readonly #yielding: (() => void)[] = [];
  #inside = 0;

  /** Calls `left` when there is a free place again. */
  constructor(limit: number, left: () => void = () => undefined) {
    this.#limit = limit;
    this.#left = left;
  }

  /** How many could go in now. */
  get free(): number {
    return Math.max(0, this.#limit - this.#inside);
  }

  /**
   * Resolves with the way out, to be called once; further calls do nothing. Rejects when the signal aborts. Who yields
   * waits until nobody else does.
   */
  async enter(signal?: AbortSignal, options: { readonly yields?: boolean } = {}): Promise<() => void> {
    signal?.throwIfAborted();
    if (this.free > 0) return this.force();
    const queue = options.yields === true ? this.#yielding : this.#waiting;
    await new Promise<void>((resolve, reject) => {
      const admit = (): void => {
        signal?.removeEventListener('abort', leave);
        resolve();
      };
      const leave = (): void => {
        const place = queue.indexOf(admit);
        if (place >= 0) queue.splice(place, 1);
        reject(signal?.reason as Error);
      };
      queue.push(admit);
      signal?.addEventListener('abort', leave, { once: true });
    });
    // The place was handed over by who left: it is counted already.
    return this.#exit();
  }

  /** Goes in whatever the limit: for what is inside already and was only found now. */
  force(): () => void {
    this.#inside += 1;
    return this.#exit();
  }

  #exit(): () => void {
    let isOut = false;
    return () => {
      if (isOut) return;
      isOut = true;
      const next = this.#inside > this.#limit ? undefined : (this.#waiting.shift() ?? this.#yielding.shift());
      if (next !== undefined) return next();
      this.#inside -= 1;
      if (this.free > 0) this.#left();
    };
  }
}
