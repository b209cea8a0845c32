import { Coordinator, Project, RoundhouseError } from '@roundhouse/contracts';
import type { Redis } from 'ioredis';
import type { z } from 'zod';
import type { Registry } from '../../ports/registry.ts';
import { KEYS } from './keys.ts';
import { loadScript } from './script.ts';

/** How often a change is decided anew because another writer was first. Each try reads what that writer wrote. */
const MAX_TRIES = 20;

/** Projects and coordinators: two hashes, id to JSON. */
export async function createRedisRegistry(redis: Redis): Promise<Registry> {
  const swap = await loadScript('swap');
  const one = async <T>(key: string, id: string, schema: z.ZodType<T>): Promise<T | null> => {
    const data = await redis.hget(key, id);
    return data === null ? null : schema.parse(JSON.parse(data));
  };
  const all = async <T extends { createdAt: string }>(key: string, schema: z.ZodType<T>): Promise<T[]> =>
    (await redis.hvals(key))
      .map((data) => schema.parse(JSON.parse(data)))
      .sort((a, b) => a.createdAt.localeCompare(b.createdAt));

  return {
    addProject: async (project) => {
      await redis.hsetnx(KEYS.projects, project.id, JSON.stringify(project));
      return (await one(KEYS.projects, project.id, Project)) ?? project;
    },
    project: (id) => one(KEYS.projects, id, Project),
    projects: () => all(KEYS.projects, Project),
    addCoordinator: async (coordinator) =>
      void (await redis.hset(KEYS.coordinators, coordinator.id, JSON.stringify(coordinator))),
    coordinator: (id) => one(KEYS.coordinators, id, Coordinator),
    coordinators: () => all(KEYS.coordinators, Coordinator),
    async changeCoordinator(id, change) {
      for (let tries = 0; tries < MAX_TRIES; tries += 1) {
        const stored = await redis.hget(KEYS.coordinators, id);
        if (stored === null) return null;
        const next = Coordinator.parse(change(Coordinator.parse(JSON.parse(stored))));
        const effects = JSON.stringify([JSON.stringify({ type: 'admit', coordinatorId: id })]);
        const keys = [KEYS.coordinators, KEYS.outbox, KEYS.alarms];
        if ((await swap.run(redis, keys, [id, stored, JSON.stringify(next), effects, '', ''])) === 1) return next;
      }
      throw new RoundhouseError('version_conflict', `coordinator ${id} changed ${MAX_TRIES} times meanwhile`);
    },
  };
}
