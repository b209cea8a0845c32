/** Lets at most `limit` in at once; the others wait in the order they came. */
export class Gate {
  readonly #limit: number;
  readonly #waiting: (() => void)[] = [];
  #inside = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Resolves with the way out, to be called once; further calls do nothing. Rejects when the signal aborts. */
  async enter(signal?: AbortSignal): Promise<() => void> {
    signal?.throwIfAborted();
    if (this.#inside < this.#limit) return this.force();
    await new Promise<void>((resolve, reject) => {
      const admit = (): void => {
        signal?.removeEventListener('abort', leave);
        resolve();
      };
      const leave = (): void => {
        const place = this.#waiting.indexOf(admit);
        if (place >= 0) this.#waiting.splice(place, 1);
        reject(signal?.reason as Error);
      };
      this.#waiting.push(admit);
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
      const next = this.#inside > this.#limit ? undefined : this.#waiting.shift();
      if (next === undefined) this.#inside -= 1;
      else next();
    };
  }
}
