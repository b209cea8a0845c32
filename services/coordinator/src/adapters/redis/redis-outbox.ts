import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import type { Effect } from '../../domain/events.ts';
import type { Outbox } from '../../ports/effects.ts';
import { KEYS } from './keys.ts';

const GROUP = 'effects';
/**
 * How long one read waits for an entry, which is also how often it is looked for those that lie too long, and how long an entry
 * may lie with a consumer before another takes it, ms.
 */
const BLOCK_MS = 5_000;
const CLAIM_AFTER_MS = 10_000;
const BATCH = 32;
/** How often an entry is handed out before it is given up with an error in the log. */
const MAX_TRIES = 10;

type Entry = [id: string, fields: string[]];

/**
 * The outbox is a stream with one consumer group: each entry goes to one process, and to another where that one died or
 * failed. An entry is removed once executed. `blocking` is a connection of its own, `redis` acknowledges.
 */
export function createRedisOutbox(redis: Redis, blocking: Redis, consumer: string, log: Logger): Outbox {
  return {
    async drain(handle, signal) {
      await redis.xgroup('CREATE', KEYS.outbox, GROUP, '0', 'MKSTREAM').catch((error: Error) => {
        if (!error.message.startsWith('BUSYGROUP')) throw error;
      });
      const running = new Set<Promise<void>>();
      const execute = ([id, fields]: Entry, tries: number): void => {
        const effect = JSON.parse(fields[1] ?? 'null') as Effect;
        const work = handle(effect, tries)
          .then(() => remove(id))
          .catch((error: unknown) => {
            log.error({ effect, tries, error }, 'an effect failed');
            return tries >= MAX_TRIES ? remove(id) : undefined;
          })
          .catch((error: unknown) => log.error({ effect, error }, 'an effect could not be acknowledged'));
        running.add(work);
        void work.finally(() => running.delete(work));
      };
      const remove = async (id: string): Promise<void> => {
        await redis.multi().xack(KEYS.outbox, GROUP, id).xdel(KEYS.outbox, id).exec();
      };
      const abort = (): void => blocking.disconnect();
      signal.addEventListener('abort', abort, { once: true });
      let lookedAt = -Infinity;
      while (!signal.aborted) {
        try {
          // Between two entries that follow each other nothing grows stale: it would be a round trip for each.
          if (performance.now() - lookedAt >= BLOCK_MS) {
            await claimStale(redis, consumer, execute);
            lookedAt = performance.now();
          }
          const rows = (await blocking.xreadgroup(
            'GROUP',
            GROUP,
            consumer,
            'COUNT',
            BATCH,
            'BLOCK',
            BLOCK_MS,
            'STREAMS',
            KEYS.outbox,
            '>',
          )) as [string, Entry[]][] | null;
          // The commit that put them there is answered in the same turn of the loop, and somebody waits for that; for these nobody.
          await nextTurn();
          for (const [, entries] of rows ?? []) for (const entry of entries) execute(entry, 1);
        } catch (error) {
          if (signal.aborted) break;
          log.warn({ error }, 'the outbox cannot be read');
          await blocking.ping().catch(() => undefined);
        }
      }
      signal.removeEventListener('abort', abort);
      await Promise.allSettled(running);
    },
  };
}

/** Takes over what lay too long with any consumer: its process died, or its handler failed. */
async function claimStale(
  redis: Redis,
  consumer: string,
  execute: (entry: Entry, tries: number) => void,
): Promise<void> {
  const pending = (await redis.xpending(KEYS.outbox, GROUP, 'IDLE', CLAIM_AFTER_MS, '-', '+', BATCH)) as [
    string,
    string,
    number,
    number,
  ][];
  for (const [id, , , deliveries] of pending) {
    const claimed = (await redis.xclaim(KEYS.outbox, GROUP, consumer, CLAIM_AFTER_MS, id)) as Entry[];
    for (const entry of claimed) execute(entry, deliveries + 1);
  }
}
