import { Redis } from 'ioredis';
import type { Logger } from 'pino';

/**
 * A connection that comes back by itself within a second of Redis being back. Commands meanwhile fail after
 * `commandTimeout` rather than hang: a dropped packet must not hold a request for ever.
 */
export function connectRedis(address: string, log: Logger, purpose: 'commands' | 'blocking'): Redis {
  const redis = new Redis(address, {
    lazyConnect: true,
    retryStrategy: (tries) => Math.min(50 * 2 ** Math.min(tries, 5), 1_000),
    maxRetriesPerRequest: purpose === 'commands' ? 3 : null,
    ...(purpose === 'commands' ? { commandTimeout: 10_000 } : {}),
  });
  redis.on('error', (error: Error) => log.warn({ purpose, reason: error.message }, 'redis connection'));
  return redis;
}
