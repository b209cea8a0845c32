import { ApiClient } from '@roundhouse/contracts';
import { connectRedis } from '../../services/launcher/dist/adapters/bullmq/redis-connection.js';
import { startHouse } from '../simulated/house.mjs';
import { SimulatedRunner } from '../simulated/simulated-runner.mjs';
import { say } from '../statistics.mjs';
import { storeTasks } from './stored-tasks.mjs';

const CLAIMS_AT_ONCE = 20;

/** @typedef {{ tasks: number, live: number }} Size how many tasks, and how many of them have a runner that is linked */
/** @typedef {{ heldBytes: number, rssBytes: number, redisBytes: number }} Held what the coordinator and Redis hold */
/** @typedef {Awaited<ReturnType<typeof filledHouse>>} FilledHouse */

/**
 * A service with so many tasks, and what it held when it was empty, when the stored tasks were there, and in the end.
 *
 * @param {Size} size
 */
export async function filledHouse(size) {
  const house = await startHouse();
  const redis = connectRedis(house.redis);
  /** @returns {Promise<Held>} */
  const held = async () => {
    const text = await redis.info('memory');
    return { ...(await house.memory()), redisBytes: Number(/^used_memory:(\d+)/m.exec(text)?.[1]) };
  };
  const owner = await house.newOwner();
  const client = new ApiClient({ baseUrl: house.url, token: owner.token, coordinatorId: owner.id });
  /** @type {SimulatedRunner[]} */
  const runners = [];
  const link = async (/** @type {number} */ count) => {
    for (let from = 0; from < count; from += CLAIMS_AT_ONCE) {
      const started = Array.from({ length: Math.min(CLAIMS_AT_ONCE, count - from) }, async () => {
        const { id } = await client.call('createTask', { name: 'live', prompt: 'x' });
        return await SimulatedRunner.start(house.url, house.launcher, id);
      });
      runners.push(...(await Promise.all(started)));
    }
  };
  // What is made once for all tasks is not counted as any task's.
  await storeTasks(house.redis, owner.id, 2);
  await link(1);
  const empty = await held();
  await storeTasks(house.redis, owner.id, size.tasks - size.live - 2);
  const stored = await held();
  await link(size.live - 1);
  const full = await held();
  say(`${size.tasks} tasks are stored, ${size.live} runners are linked`);
  return {
    url: house.url,
    owner,
    client,
    runners,
    held: { empty, stored, full },
    async stop() {
      await Promise.all(runners.map((runner) => runner.stop()));
      redis.disconnect();
      await house.stop();
    },
  };
}
