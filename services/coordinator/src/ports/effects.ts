import type { Effect } from '../domain/events.ts';

/** Effects that were committed and are to be executed: at least once each, by one process at a time. */
export interface Outbox {
  /** Hands out entries until aborted. An entry whose handler throws is handed out again, at most `maxTries` times. */
  drain(handle: (effect: Effect, tries: number) => Promise<void>, signal: AbortSignal): Promise<void>;
}

export interface AttemptQueue {
  /** Idempotent by task and attempt. */
  enqueue(taskId: string, attempt: number): Promise<void>;
}
