import { setMaxListeners } from 'node:events';
import type { FeedEvent } from '../ports/events.ts';

export interface Watch {
  readonly subscribe: (listener: (event: FeedEvent | null) => void) => () => void;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/**
 * Looks until there is an answer: at once, then after every event, until the time is up or the caller has gone away
 * (null). Subscribes before the first look, so nothing falls in between; events that come during a look are handed to the
 * next one.
 */
export async function watch<T>(
  { subscribe, timeoutMs, signal }: Watch,
  look: (events: readonly FeedEvent[]) => Promise<T | null>,
): Promise<T | null> {
  let events: FeedEvent[] = [];
  let stirred = false;
  let wake: () => void = () => undefined;
  const stir = (event: FeedEvent | null): void => {
    if (event !== null) events.push(event);
    stirred = true;
    wake();
  };
  const unsubscribe = subscribe(stir);
  const timeout = AbortSignal.timeout(timeoutMs);
  const over = AbortSignal.any([timeout, signal]);
  setMaxListeners(0, over);
  const onOver = (): void => wake();
  over.addEventListener('abort', onOver);
  try {
    for (;;) {
      const batch = events;
      events = [];
      stirred = false;
      const found = await look(batch);
      if (found !== null) return found;
      if (over.aborted) return null;
      // `stir` may have run while `look` was awaited.
      if (!stirred) await new Promise<void>((resolve) => (wake = resolve));
      if (signal.aborted) return null;
    }
  } finally {
    over.removeEventListener('abort', onOver);
    unsubscribe();
  }
}
