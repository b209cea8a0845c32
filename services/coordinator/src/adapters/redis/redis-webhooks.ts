import type { Redis } from 'ioredis';
import { z } from 'zod';
import type { WebhookTimes } from '../../domain/notification-times.ts';
import type { Webhooks } from '../../ports/notifications.ts';
import { KEYS } from './keys.ts';
import { loadScript } from './script.ts';

/** How long a try keeps others from trying, ms: longer than any try takes. */
const TRY_MS = 30_000;

const Message = z.object({ id: z.string(), body: z.string(), since: z.number(), tries: z.int() });
const Outcome = z.object({ lastError: z.string().nullable().default(null), dropped: z.int() });
const instant = (ms: number): string => new Date(ms).toISOString();

/** The messages that `claim-notifications.lua` puts on their way: a hash of one a coordinator, and when each is tried next. */
export async function createRedisWebhooks(redis: Redis, times: WebhookTimes): Promise<Webhooks> {
  const [take, settle] = await Promise.all([loadScript('take-webhook'), loadScript('settle-webhook')]);
  return {
    async take() {
      const keys = [KEYS.webhookTries, KEYS.webhooks, KEYS.coordinators, KEYS.webhookSecrets];
      const taken = (await take.run(redis, keys, [TRY_MS])) as [string, string, string, string] | null;
      if (taken === null) return null;
      const [coordinatorId, text, url, secret] = taken;
      const { id, body } = Message.parse(JSON.parse(text));
      return { coordinatorId, id, body, url, secret };
    },

    async settle({ coordinatorId, id }, error) {
      const keys = [KEYS.webhookTries, KEYS.webhooks, KEYS.webhookOutcomes];
      const { firstPauseMs, longestPauseMs, giveUpMs } = times;
      const args = [coordinatorId, id, error ?? '', firstPauseMs, longestPauseMs, giveUpMs];
      return (await settle.run(redis, keys, args)) as 'taken' | 'again' | 'dropped' | 'gone';
    },

    async setSecret(coordinatorId, secret) {
      await redis.hset(KEYS.webhookSecrets, coordinatorId, secret);
    },

    hasSecret: async (coordinatorId) => (await redis.hexists(KEYS.webhookSecrets, coordinatorId)) === 1,

    async remove(coordinatorId) {
      await redis
        .multi()
        .hdel(KEYS.webhookSecrets, coordinatorId)
        .hdel(KEYS.webhooks, coordinatorId)
        .hdel(KEYS.webhookOutcomes, coordinatorId)
        .zrem(KEYS.webhookTries, coordinatorId)
        .exec();
    },

    async standing(coordinatorId) {
      const [message, next, outcome] = await Promise.all([
        redis.hget(KEYS.webhooks, coordinatorId),
        redis.zscore(KEYS.webhookTries, coordinatorId),
        redis.hget(KEYS.webhookOutcomes, coordinatorId),
      ]);
      const { lastError, dropped } =
        outcome === null ? { lastError: null, dropped: 0 } : Outcome.parse(JSON.parse(outcome));
      if (message === null || next === null) return { sending: null, lastError, dropped };
      const { id, since, tries } = Message.parse(JSON.parse(message));
      return {
        sending: { id, since: instant(since), tries, nextTryAt: instant(Number(next)) },
        lastError,
        dropped,
      };
    },
  };
}
