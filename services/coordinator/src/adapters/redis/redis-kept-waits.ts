import { KeptWait, Uuid, WaitedFor } from '@roundhouse/contracts';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import type { KeptWaits } from '../../ports/kept-waits.ts';
import { KEYS } from './keys.ts';
import { loadScript } from './script.ts';

const Stored = z.object({ coordinatorId: Uuid, tokenId: Uuid, wait: WaitedFor, kept: KeptWait });

/** A text for each wait, compared as a whole, and beside it the mark of the one that looks. Both end by themselves. */
export async function createRedisKeptWaits(redis: Redis): Promise<KeptWaits> {
  const replace = await loadScript('replace-text');
  return {
    async keep(record, ttlMs) {
      await redis.set(KEYS.keptWait(record.kept.id), JSON.stringify(record), 'PX', ttlMs);
    },
    async read(id) {
      const text = await redis.get(KEYS.keptWait(id));
      return text === null ? null : { record: Stored.parse(JSON.parse(text)), mark: text };
    },
    async replace({ record, mark }, next) {
      return (await replace.run(redis, [KEYS.keptWait(record.kept.id)], [mark, JSON.stringify(next)])) === 1;
    },
    beginLook: async (id, maxMs) => (await redis.set(KEYS.keptWaitLook(id), '1', 'PX', maxMs, 'NX')) === 'OK',
    async endLook(id) {
      await redis.del(KEYS.keptWaitLook(id));
    },
  };
}
