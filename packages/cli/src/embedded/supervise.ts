import { setTimeout as delay } from 'node:timers/promises';

/** One start of a part. */
export interface Running {
  /** Resolves, with words, when it has ended, whoever ended it. Never rejects. */
  readonly ended: Promise<string>;
  /** Ends it within `budgetMs`, the hard way if need be. Twice is fine. */
  stop(budgetMs: number): Promise<void>;
}

/** A part of the service that must run: started anew whenever it dies. */
export interface Part {
  readonly name: string;
  start(signal: AbortSignal): Promise<Running>;
}

export interface Supervised {
  stop(budgetMs: number): Promise<void>;
}

const FIRST_DELAY_MS = 100;
const MAX_DELAY_MS = 5_000;
const WINDOW_MS = 60_000;
const MAX_FAILURES = 8;

/** The pause before the n-th start in a row, n from 1: it doubles from 0.1 s up to 5 s. */
export const restartDelayMs = (failures: number): number =>
  Math.min(FIRST_DELAY_MS * 2 ** (failures - 1), MAX_DELAY_MS);

/**
 * Starts a part and keeps it running. The first start's error is the caller's; later each death is followed by another
 * start after a growing pause, until it has failed 8 times within a minute: then `onGivenUp` hears why, once.
 */
export async function supervise(
  part: Part,
  hooks: {
    readonly say: (text: string) => void;
    readonly onGivenUp: (reason: string) => void;
    readonly signal: AbortSignal;
  },
): Promise<Supervised> {
  const stopping = new AbortController();
  const signal = AbortSignal.any([stopping.signal, hooks.signal]);
  let running: Running | null = await part.start(signal);

  const keep = async (): Promise<void> => {
    let failures: number[] = [];
    while (!signal.aborted) {
      const reason = running === null ? 'could not be started' : await running.ended;
      running = null;
      if (signal.aborted) return;
      const now = performance.now();
      failures = [...failures.filter((at) => now - at < WINDOW_MS), now];
      if (failures.length >= MAX_FAILURES) {
        hooks.onGivenUp(`${part.name} ended ${MAX_FAILURES} times within a minute (last: ${reason})`);
        return;
      }
      const pauseMs = restartDelayMs(failures.length);
      hooks.say(`${part.name} ${reason}; starting it again in ${pauseMs / 1_000} s`);
      await delay(pauseMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      running = await part.start(signal).catch((error: unknown) => {
        hooks.say(`${part.name}: ${error instanceof Error ? error.message : String(error)}`);
        return null;
      });
    }
  };
  const keeping = keep();
  return {
    async stop(budgetMs) {
      const startedAt = performance.now();
      stopping.abort();
      await running?.stop(budgetMs);
      await keeping;
      // A start that was under way when the stop came has run to its end meanwhile.
      await running?.stop(Math.max(0, budgetMs - (performance.now() - startedAt)));
    },
  };
}
