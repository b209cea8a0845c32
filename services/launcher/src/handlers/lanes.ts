import { sandboxName } from '@roundhouse/contracts';
import type { AttemptRef } from '../ports.ts';

export interface LaneWatch {
  touched(ref: AttemptRef): boolean;
  end(): void;
}

/** Sees to it that one thing at a time is done with one sandbox. */
export class Lanes {
  readonly #busy = new Map<string, Promise<unknown>>();
  readonly #watches = new Set<Set<string>>();

  /**
   * Notes from now on which sandboxes something is done with. What was seen of one of them meanwhile may be half of a
   * start or of an end, and nothing may follow from it. The caller ends it.
   */
  watch(): LaneWatch {
    const touched = new Set(this.#busy.keys());
    this.#watches.add(touched);
    return {
      touched: ({ taskId, attempt }) => touched.has(sandboxName(taskId, attempt)),
      end: () => void this.#watches.delete(touched),
    };
  }

  /** Runs `act` and answers its result, or null at once where something else is being done with that sandbox. */
  run<T>({ taskId, attempt }: AttemptRef, act: () => Promise<T>): Promise<T> | null {
    const name = sandboxName(taskId, attempt);
    if (this.#busy.has(name)) return null;
    for (const touched of this.#watches) touched.add(name);
    const running = act().finally(() => this.#busy.delete(name));
    this.#busy.set(name, running);
    return running;
  }

  /** Resolves when what is being done with that sandbox has ended, well or not; at once where nothing is. */
  async over({ taskId, attempt }: AttemptRef): Promise<void> {
    await Promise.allSettled([this.#busy.get(sandboxName(taskId, attempt))]);
  }

  /** Resolves when all that runs now has ended, well or not. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#busy.values());
  }
}
