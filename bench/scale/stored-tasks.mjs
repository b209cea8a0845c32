import { randomUUID } from 'node:crypto';
import { DEFAULT_LIMITS } from '@roundhouse/contracts';
import { connectRedis } from '../../services/launcher/dist/adapters/bullmq/redis-connection.js';
import { createRedisTaskStore } from '../../services/coordinator/dist/adapters/redis/redis-task-store.js';
import { newTask } from '../../services/coordinator/dist/domain/new-task.js';
import { transition } from '../../services/coordinator/dist/handlers/transition.js';

const AT_ONCE = 50;
const clock = { now: () => new Date().toISOString(), nextId: () => randomUUID() };

/**
 * Tasks as a service that has run for a while holds them: every second one closed, the others waiting in line. By the store's
 * own commits; over the API it would take minutes, for git is asked for each branch.
 *
 * @param {string} connection
 * @param {string} coordinatorId
 * @param {number} count
 */
export async function storeTasks(connection, coordinatorId, count) {
  const redis = connectRedis(connection);
  const real = await createRedisTaskStore(redis);
  // What closing them would order, the service must not begin to do: there is no git behind them.
  /** @type {typeof real} */
  const store = { ...real, commit: (commit) => real.commit({ ...commit, effects: [] }) };
  const projectId = randomUUID();
  /** @param {number} index */
  const one = async (index) => {
    const promptId = randomUUID();
    const wanted = {
      id: randomUUID(),
      coordinatorId,
      projectId,
      name: `stored ${index}`,
      baseBranch: 'main',
      agent: { kind: /** @type {const} */ ('scripted') },
      limits: DEFAULT_LIMITS,
      image: null,
      allowLandSelf: true,
      promptId,
      promptBytes: 1,
    };
    const task = newTask(wanted, clock.now(), { state: 'held', by: 'dependencies', reason: 'it waits' });
    await store.commit({ expected: 0, task, kinds: ['created'], effects: [], prompt: { id: promptId, text: 'x' } });
    if (index % 2 === 0) return;
    await transition({ store, clock }, task.id, { type: 'close_requested', reason: 'done' });
    await transition({ store, clock }, task.id, { type: 'close_finished', archiveRefs: [] });
  };
  try {
    for (let from = 0; from < count; from += AT_ONCE)
      await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - from) }, (_, index) => one(from + index)));
  } finally {
    redis.disconnect();
  }
}
