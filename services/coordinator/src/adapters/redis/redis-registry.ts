import { Coordinator, Project } from '@roundhouse/contracts';
import type { Redis } from 'ioredis';
import type { z } from 'zod';
import type { Registry } from '../../ports.ts';
import { KEYS } from './keys.ts';

/** Projects and coordinators: two hashes, id to JSON. */
export function createRedisRegistry(redis: Redis): Registry {
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
  };
}
