import { Redis } from 'ioredis';

/**
 * A connection for BullMQ, to `redis://…`, `rediss://…` or the path of a Unix socket. It never gives a command up for
 * a lost connection (the worker's rule) and looks for the server every second at the latest: with BullMQ's own delays a
 * worker is deaf for up to 13 s after an outage.
 */
export function connectRedis(redis: string): Redis {
  const options = {
    maxRetriesPerRequest: null,
    enableReadyCheck: true,
    retryStrategy: (tries: number): number => Math.min(tries * 50, 1_000),
  };
  return redis.startsWith('/') ? new Redis({ path: redis, ...options }) : new Redis(redis, options);
}
