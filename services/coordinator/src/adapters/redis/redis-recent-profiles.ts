import { ImageName, SandboxLimits, Uuid } from '@roundhouse/contracts';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import type { RecentProfiles } from '../../ports/launchers.ts';
import { KEYS } from './keys.ts';

const KEPT = 100;
const KEPT_MS = 86_400_000;

const Profile = z.object({ projectId: Uuid, image: ImageName.nullable(), limits: SandboxLimits });

/** One sorted set: the profile as JSON, always in the same order of keys, by the instant at which it was asked for. */
export function createRedisRecentProfiles(redis: Redis): RecentProfiles {
  return {
    async touch(profile, nowMs) {
      await redis
        .multi()
        .zadd(KEYS.profiles, nowMs, JSON.stringify(Profile.parse(profile)))
        .zremrangebyrank(KEYS.profiles, 0, -1 - KEPT)
        .exec();
    },
    async recent(nowMs, limit) {
      const profiles = await redis.zrevrangebyscore(KEYS.profiles, '+inf', nowMs - KEPT_MS, 'LIMIT', 0, limit);
      return profiles.map((profile) => Profile.parse(JSON.parse(profile)));
    },
  };
}
