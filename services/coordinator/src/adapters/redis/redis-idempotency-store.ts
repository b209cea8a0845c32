import { z } from 'zod';
import type { Redis } from 'ioredis';
import type { IdempotencyStore } from '../../ports/idempotency.ts';
import { KEYS } from './keys.ts';

/** A request that is running holds its key for so long at most: longer than any call may stand open. Seconds. */
const RUNNING_SECONDS = 70;
/** How long an answer is given again. Seconds. */
const ANSWER_SECONDS = 86_400;

const Entry = z.object({
  fingerprint: z.string(),
  answer: z.object({ status: z.int(), body: z.string() }).nullable(),
});

export function createRedisIdempotencyStore(redis: Redis): IdempotencyStore {
  return {
    async begin(scope, fingerprint) {
      const key = KEYS.idempotency(scope);
      const mine = JSON.stringify({ fingerprint, answer: null });
      if ((await redis.set(key, mine, 'EX', RUNNING_SECONDS, 'NX')) === 'OK') return { state: 'first' };
      const data = await redis.get(key);
      if (data === null) return { state: 'running' };
      const entry = Entry.parse(JSON.parse(data));
      if (entry.fingerprint !== fingerprint) return { state: 'other_request' };
      return entry.answer === null ? { state: 'running' } : { state: 'done', ...entry.answer };
    },
    async finish(scope, fingerprint, status, body) {
      await redis.set(
        KEYS.idempotency(scope),
        JSON.stringify({ fingerprint, answer: { status, body } }),
        'EX',
        ANSWER_SECONDS,
      );
    },
    async abandon(scope) {
      await redis.del(KEYS.idempotency(scope));
    },
  };
}
