import { createHash } from 'node:crypto';
import { type ClientInfo, ConnectedClient } from '@roundhouse/contracts';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import type { Presence } from '../../ports/presence.ts';
import { KEYS } from './keys.ts';

/** How many clients of one coordinator are remembered, and for how long after their last call, ms. */
const MAX_CLIENTS = 100;
const CLIENT_MS = 86_400_000;
/** A wait that was not taken out, because its process died, counts no longer than any wait may last, ms. */
const WAIT_MS = 70_000;
/** The same words of the same client are written down so often at most, ms; of so many clients that is remembered here. */
const AGAIN_MS = 5_000;
const REMEMBERED = 1_000;

const Stored = ConnectedClient.extend({ lastSeenMs: z.number() });

/** Who is there: clients as a hash by what tells them apart, open waits as a sorted set by when they count no more. */
export function createRedisPresence(redis: Redis): Presence {
  const lastWritten = new Map<string, number>();
  const fieldOf = ({ transport, agent }: ClientInfo, tokenId: string): string =>
    createHash('sha256')
      .update(JSON.stringify([tokenId, transport, agent]))
      .digest('base64url')
      .slice(0, 22);

  const read = async (coordinatorId: string, nowMs: number): Promise<[string, z.infer<typeof Stored>][]> => {
    const rows = Object.entries(await redis.hgetall(KEYS.coordinatorClients(coordinatorId)));
    return rows
      .map(([field, row]): [string, z.infer<typeof Stored>] => [field, Stored.parse(JSON.parse(row))])
      .filter(([, { lastSeenMs }]) => lastSeenMs > nowMs - CLIENT_MS)
      .sort(([, one], [, other]) => other.lastSeenMs - one.lastSeenMs);
  };

  return {
    async clientSeen(coordinatorId, tokenId, info, at) {
      const key = KEYS.coordinatorClients(coordinatorId);
      const field = fieldOf(info, tokenId);
      const words = JSON.stringify([coordinatorId, tokenId, info]);
      if (Date.parse(at) - (lastWritten.get(words) ?? 0) < AGAIN_MS) return;
      if (lastWritten.size >= REMEMBERED) lastWritten.clear();
      lastWritten.set(words, Date.parse(at));
      const before = await redis.hget(key, field);
      const known = before === null ? null : Stored.parse(JSON.parse(before));
      const client = {
        ...info,
        // The older protocol says a client's name once, in a request of its own.
        name: info.name ?? known?.name ?? null,
        version: info.version ?? known?.version ?? null,
        tokenId,
        firstSeen: known?.firstSeen ?? at,
        lastSeen: at,
        lastSeenMs: Date.parse(at),
      };
      await redis.multi().hset(key, field, JSON.stringify(client)).pexpire(key, CLIENT_MS).exec();
      if (known !== null || (await redis.hlen(key)) <= MAX_CLIENTS) return;
      const kept = new Set((await read(coordinatorId, Date.parse(at))).slice(0, MAX_CLIENTS).map(([name]) => name));
      const surplus = (await redis.hkeys(key)).filter((name) => !kept.has(name));
      if (surplus.length > 0) await redis.hdel(key, ...surplus);
    },

    async clients(coordinatorId, now) {
      const rows = await read(coordinatorId, Date.parse(now));
      return rows.slice(0, MAX_CLIENTS).map(([, { lastSeenMs: _order, ...client }]) => client);
    },

    async waitBegan(coordinatorId, callId, nowMs) {
      const key = KEYS.coordinatorWaits(coordinatorId);
      await redis
        .multi()
        .zadd(key, nowMs + WAIT_MS, callId)
        .zremrangebyscore(key, '-inf', nowMs)
        .pexpire(key, WAIT_MS)
        .exec();
    },

    async waitEnded(coordinatorId, callId) {
      await redis.zrem(KEYS.coordinatorWaits(coordinatorId), callId);
    },

    openWaits: (coordinatorId, nowMs) => redis.zcount(KEYS.coordinatorWaits(coordinatorId), `(${nowMs}`, '+inf'),
  };
}
