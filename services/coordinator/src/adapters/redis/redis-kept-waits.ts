import { KeptWait, MAX_KEPT_WAITS, Uuid, WaitedFor } from '@roundhouse/contracts';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import type { KeptWaits } from '../../ports/kept-waits.ts';
import { KEYS } from './keys.ts';
import { Listeners } from './listeners.ts';
import { loadScript } from './script.ts';

const Stored = z.object({ coordinatorId: Uuid, tokenId: Uuid, wait: WaitedFor, kept: KeptWait });

/**
 * A text for each wait, compared as a whole, and beside it the mark of the one that looks. Both end by themselves. `subscriber`
 * may be shared with other feeds.
 */
export async function createRedisKeptWaits(redis: Redis, subscriber: Redis): Promise<KeptWaits> {
  const keep = await loadScript('keep-wait');
  const replace = await loadScript('replace-wait');
  const changed = new Listeners<void>();
  subscriber.on('message', (channel, id) => {
    if (channel === KEYS.keptWaitChannel) changed.call(id);
  });
  await subscriber.subscribe(KEYS.keptWaitChannel);
  // What was published while the connection was away is lost: once it is subscribed again everybody looks. Where the
  // connection is cut before that, the next one asks.
  const lookAgain = (): Promise<void> => subscriber.subscribe(KEYS.keptWaitChannel).then(() => changed.callAll());
  subscriber.on('ready', () => void lookAgain().catch(() => undefined));
  return {
    async keep(record, ttlMs) {
      const { tokenId, kept } = record;
      const keys = [KEYS.keptWait(kept.id), KEYS.openKeptWaits(tokenId)];
      return (await keep.run(redis, keys, [JSON.stringify(record), ttlMs, kept.id, MAX_KEPT_WAITS])) === 1;
    },
    async read(id) {
      const text = await redis.get(KEYS.keptWait(id));
      return text === null ? null : { record: Stored.parse(JSON.parse(text)), mark: text };
    },
    async replace({ record, mark }, next) {
      const { tokenId, kept } = record;
      const keys = [KEYS.keptWait(kept.id), KEYS.openKeptWaits(tokenId), KEYS.endedKeptWaits(tokenId)];
      const keptWhenOver = next.kept.state === 'waiting' ? '' : MAX_KEPT_WAITS;
      const args = [mark, JSON.stringify(next), KEYS.keptWaitChannel, kept.id, keptWhenOver, KEYS.keptWait('')];
      return (await replace.run(redis, keys, args)) === 1;
    },
    beginLook: async (id, maxMs) => (await redis.set(KEYS.keptWaitLook(id), '1', 'PX', maxMs, 'NX')) === 'OK',
    async endLook(id) {
      await redis.multi().del(KEYS.keptWaitLook(id)).publish(KEYS.keptWaitChannel, id).exec();
    },
    isLookedFor: async (id) => (await redis.exists(KEYS.keptWaitLook(id))) === 1,
    onChange: (id, listener) => changed.add(id, listener),
  };
}
