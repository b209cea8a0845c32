import { setTimeout as delay } from 'node:timers/promises';
import { type ApiClient, type CallOptions, RoundhouseError, UnreachableError } from '@roundhouse/contracts';

export type Call = ApiClient['call'];

const FIRST_PAUSE_MS = 100;
const MAX_PAUSE_MS = 3_000;
/** A supervisor starts a service that died within seconds; who is away for longer does not come back by itself. */
const PATIENCE_MS = 60_000;

/**
 * Calls again, after pauses that grow from 0.1 s to 3 s, while the service is away or its Redis is, for at most a minute
 * in all. Only for calls of which two are one: reads, and writes with an idempotency key or idempotent by themselves.
 */
export const patientCall =
  (client: ApiClient, signal: AbortSignal, patienceMs: number = PATIENCE_MS): Call =>
  async (name, input, options?: CallOptions) => {
    const bounded = { ...options, signal: options?.signal ?? signal };
    const until = performance.now() + patienceMs;
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS)) {
      try {
        return await client.call(name, input, bounded);
      } catch (error) {
        if (!isAway(error) || performance.now() + pauseMs > until) throw error;
        await delay(pauseMs, undefined, { signal: bounded.signal });
      }
    }
  };

const isAway = (error: unknown): boolean =>
  error instanceof UnreachableError ||
  (error instanceof RoundhouseError && (error.code === 'store_unavailable' || error.code === 'stopping'));
