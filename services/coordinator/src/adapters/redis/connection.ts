import { Redis } from 'ioredis';
import type { Logger } from 'pino';

/**
 * A connection that comes back by itself within a second of Redis being back. Commands meanwhile fail after
 * `commandTimeout` rather than hang: a dropped packet must not hold a request for ever.
 */
export async function connectRedis(address: string, log: Logger, purpose: 'commands' | 'blocking'): Promise<Redis> {
  const redis = new Redis(address, {
    lazyConnect: true,
    retryStrategy: (tries) => Math.min(50 * 2 ** Math.min(tries, 5), 1_000),
    maxRetriesPerRequest: purpose === 'commands' ? 3 : null,
    ...(purpose === 'commands' ? { commandTimeout: 10_000 } : {}),
  });
  let reason = 'the connection was closed';
  redis.on('error', (error: Error) => {
    reason = error.message;
    log.warn({ purpose, reason }, 'redis connection');
  });
  try {
    await redis.connect();
    return redis;
  } catch (error) {
    redis.disconnect();
    throw new Error(`cannot reach Redis at ${withoutPassword(address)}: ${reason}. Start it there, or set REDIS_URL.`, {
      cause: error,
    });
  }
}

function withoutPassword(address: string): string {
  if (!URL.canParse(address)) return address;
  const url = new URL(address);
  url.username = '';
  url.password = '';
  return url.href;
}
