import type { Logger } from '@roundhouse/host';

/**
 * Calls `round` again and again, never two at once: every `everyMs`, and at once after `poke`. A poke during a round
 * makes one more round follow it.
 */
export class Rounds {
  readonly #round: () => Promise<void>;
  readonly #everyMs: number;
  readonly #what: string;
  readonly #log: Logger;
  #timer: NodeJS.Timeout | null = null;
  #running: Promise<void> | null = null;
  #again = false;
  #isStopped = false;

  constructor(
    round: () => Promise<void>,
    options: { readonly everyMs: number; readonly what: string; readonly log: Logger },
  ) {
    this.#round = round;
    this.#what = options.what;
    this.#everyMs = options.everyMs;
    this.#log = options.log;
  }

  poke(): void {
    if (this.#isStopped) return;
    if (this.#running !== null) {
      this.#again = true;
      return;
    }
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#again = false;
    this.#running = this.#round()
      .catch((error: unknown) => this.#log.error({ err: error }, `a round of ${this.#what} failed`))
      .finally(() => {
        this.#running = null;
        if (this.#isStopped) return;
        if (this.#again) this.poke();
        else this.#timer = setTimeout(() => this.poke(), this.#everyMs);
      });
  }

  /** No further round starts; resolves when the one that runs has ended. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#running;
  }
}
