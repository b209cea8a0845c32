/** Prompts that came while another was being carried out, in order; whoever waits gets the next one. */
export class PromptQueue {
  readonly #waiting: Buffer[] = [];
  #taker: ((prompt: Buffer) => void) | null = null;

  put(prompt: Buffer): void {
    const taker = this.#taker;
    this.#taker = null;
    if (taker === null) this.#waiting.push(prompt);
    else taker(prompt);
  }

  take(signal?: AbortSignal): Promise<Buffer> {
    const next = this.#waiting.shift();
    if (next !== undefined) return Promise.resolve(next);
    return new Promise((resolve, reject) => {
      this.#taker = resolve;
      signal?.addEventListener(
        'abort',
        () => {
          this.#taker = null;
          reject(new Error('interrupted'));
        },
        { once: true },
      );
    });
  }
}
