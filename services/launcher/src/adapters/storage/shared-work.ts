interface Running<T> {
  readonly result: Promise<T>;
  readonly stop: AbortController;
  waiting: number;
}

/** Work that callers who want the same at once share. It is stopped when none of them waits any more. */
export class SharedWork<T> {
  readonly #running = new Map<string, Running<T>>();
  readonly #all = new Set<Promise<unknown>>();

  /** Joins the work of that key, or begins it. Rejects as the work does, or with the signal's reason. */
  async run(key: string, work: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    const running = this.#running.get(key) ?? this.#begin(key, work);
    running.waiting += 1;
    try {
      return await orAborted(running.result, signal);
    } finally {
      running.waiting -= 1;
      if (running.waiting === 0) {
        // Who comes now begins anew, and does not join what is being stopped.
        if (this.#running.get(key) === running) this.#running.delete(key);
        running.stop.abort(new Error('nobody waits for it any more'));
      }
    }
  }

  /** Stops all of it and waits until it has ended. */
  async close(): Promise<void> {
    for (const { stop } of this.#running.values()) stop.abort(new Error('the launcher is stopping'));
    await Promise.allSettled(this.#all);
  }

  #begin(key: string, work: (signal: AbortSignal) => Promise<T>): Running<T> {
    const stop = new AbortController();
    const result = work(stop.signal);
    const running = { result, stop, waiting: 0 };
    this.#running.set(key, running);
    this.#all.add(result);
    const over = (): void => {
      this.#all.delete(result);
      if (this.#running.get(key) === running) this.#running.delete(key);
    };
    result.then(over, over);
    return running;
  }
}

async function orAborted<T>(result: Promise<T>, signal: AbortSignal): Promise<T> {
  let abort = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason as Error);
    signal.addEventListener('abort', abort, { once: true });
  });
  try {
    return await Promise.race([result, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
