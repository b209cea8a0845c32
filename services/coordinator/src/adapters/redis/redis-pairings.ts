import { PAIRING } from '@roundhouse/contracts';
import type { Redis } from 'ioredis';
import type { Pairings } from '../../ports/access.ts';
import { KEYS } from './keys.ts';
import { loadScript } from './script.ts';

/** One hash a coordinator, which goes by itself, and an index of those that are open. */
export async function createRedisPairings(redis: Redis): Promise<Pairings> {
  const tryScript = await loadScript('try-pin');
  const takeScript = await loadScript('take-pairing');
  return {
    async open(coordinatorId, { id, salt, hash }, expiresAt) {
      const key = KEYS.pairing(coordinatorId);
      const ends = Date.parse(expiresAt);
      await redis
        .multi()
        .del(key)
        .hset(key, { id, salt, hash, tries: 0 })
        .pexpireat(key, ends)
        .zremrangebyscore(KEYS.openPairings, '-inf', Date.now())
        .zadd(KEYS.openPairings, ends, coordinatorId)
        .exec();
    },
    openFor: (nowMs) => redis.zrangebyscore(KEYS.openPairings, `(${nowMs}`, '+inf', 'LIMIT', 0, 2),
    async tryOnce(coordinatorId) {
      const row = (await tryScript.run(redis, [KEYS.pairing(coordinatorId)], [PAIRING.tries])) as (string | number)[];
      const [id, salt, hash, tries] = row;
      if (id === undefined) return 'none';
      if (id === 'locked') return 'locked';
      return { id: String(id), salt: String(salt), hash: String(hash), tries: Number(tries) };
    },
    take: async (coordinatorId, id) =>
      (await takeScript.run(redis, [KEYS.pairing(coordinatorId), KEYS.openPairings], [id, coordinatorId])) === 1,
  };
}
