import type { Redis } from 'ioredis';
import type { CoordinatorAccess } from '../../ports/access.ts';
import { KEYS } from './keys.ts';

/** Two hashes, coordinator id to instant: since when it is stopped, and since when it was last started again. */
export function createRedisCoordinatorAccess(redis: Redis): CoordinatorAccess {
  const tell = (coordinatorId: string): string => JSON.stringify({ coordinator: coordinatorId });
  return {
    stoppedAt: (coordinatorId) => redis.hget(KEYS.accessStopped, coordinatorId),
    startedAt: (coordinatorId) => redis.hget(KEYS.accessStarted, coordinatorId),
    async stop(coordinatorId, at) {
      await redis
        .multi()
        .hsetnx(KEYS.accessStopped, coordinatorId, at)
        .publish(KEYS.accessChannel, tell(coordinatorId))
        .exec();
    },
    async start(coordinatorId, at) {
      // Who is not stopped keeps the instant that it has.
      if ((await redis.hdel(KEYS.accessStopped, coordinatorId)) === 1)
        await redis.hset(KEYS.accessStarted, coordinatorId, at);
    },
  };
}
