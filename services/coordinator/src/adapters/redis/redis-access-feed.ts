import type { Redis } from 'ioredis';
import { z } from 'zod';
import type { AccessFeed } from '../../ports/access.ts';
import { KEYS } from './keys.ts';
import { Listeners } from './listeners.ts';

const Word = z.union([z.object({ token: z.string() }), z.object({ coordinator: z.string() })]);

/** Reads what a revocation, a rotation and a stop of access publish. `redis` may be shared with the event feed. */
export async function createRedisAccessFeed(redis: Redis): Promise<AccessFeed> {
  const byToken = new Listeners<void>();
  const byCoordinator = new Listeners<void>();
  redis.on('message', (channel, message) => {
    if (channel !== KEYS.accessChannel) return;
    const word = Word.parse(JSON.parse(message));
    if ('token' in word) byToken.call(word.token);
    else byCoordinator.call(word.coordinator);
  });
  await redis.subscribe(KEYS.accessChannel);
  // What was published while the connection was away is lost, so everybody looks for themselves: once Redis has confirmed
  // that it is subscribed again, since what is published between a look and that is lost as well.
  const lookAgain = async (): Promise<void> => {
    await redis.subscribe(KEYS.accessChannel);
    byToken.callAll();
    byCoordinator.callAll();
  };
  // Where the connection is cut before the answer, the next one is asked.
  redis.on('ready', () => void lookAgain().catch(() => undefined));
  return {
    onToken: (tokenId, listener) => byToken.add(tokenId, listener),
    onCoordinator: (coordinatorId, listener) => byCoordinator.add(coordinatorId, listener),
  };
}
