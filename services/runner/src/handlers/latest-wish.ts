import type { Desired, DesiredPrompt } from '@roundhouse/contracts';

export type Stop = NonNullable<Desired['stop']>;

/** What the coordinator wants now, for whoever asks: the latest word counts, the ones before it are of no interest. */
export class LatestWish {
  readonly stop: Promise<Stop>;
  #latest: Desired = { prompts: [], recalls: [], inputs: [], held: false, publish: null, stop: null };
  #stopWith: (stop: Stop) => void = () => undefined;
  #follower: ((desired: Desired) => void) | null = null;
  #firstPrompt: ((prompt: DesiredPrompt) => void) | null = null;

  constructor() {
    this.stop = new Promise((resolve) => (this.#stopWith = resolve));
  }

  onDesired(desired: Desired): void {
    this.#latest = desired;
    if (desired.stop !== null) this.#stopWith(desired.stop);
    const first = lowest(desired.prompts);
    if (first !== null) this.#firstPrompt?.(first);
    this.#follower?.(desired);
  }

  /** Tells the latest wish now and every one to come; there is one follower. */
  follow(follower: (desired: Desired) => void): void {
    this.#follower = follower;
    follower(this.#latest);
  }

  /** The prompt with the lowest ordinal, as soon as there is one. */
  firstPrompt(signal: AbortSignal): Promise<DesiredPrompt> {
    const first = lowest(this.#latest.prompts);
    if (first !== null) return Promise.resolve(first);
    return new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
      this.#firstPrompt = resolve;
    });
  }
}

const lowest = (prompts: readonly DesiredPrompt[]): DesiredPrompt | null =>
  prompts.toSorted((a, b) => a.ordinal - b.ordinal)[0] ?? null;
