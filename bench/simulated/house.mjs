import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApiClient } from '@roundhouse/contracts';
import { startRedis } from '@roundhouse/host';
import { scratchRepository } from '@roundhouse/testkit';
import { startServiceProcess } from './service-process.mjs';

const quiet = () => undefined;
const log = { debug: quiet, info: quiet, warn: quiet, error: quiet };
const newToken = (/** @type {string} */ role) =>
  `rh_${role}_${randomUUID().replaceAll('-', '')}_${randomBytes(32).toString('base64url')}`;

/** @typedef {Awaited<ReturnType<typeof startHouse>>} House */

/**
 * Redis and coordinator processes, without a launcher: runners are simulated. Everything is real but the agents, and the
 * commits that they say they have made.
 *
 * @param {{ processes?: number }} [options]
 */
export async function startHouse({ processes = 1 } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'roundhouse-bench-'));
  const tokens = { operator: newToken('operator'), launcher: newToken('launcher') };
  await writeFile(join(folder, 'operator'), tokens.operator);
  await writeFile(join(folder, 'launcher'), tokens.launcher);
  const repository = await scratchRepository({ 'a.txt': 'a\n' });
  const redis = await startRedis({ folder: join(folder, 'redis'), log });
  const environment = {
    ROUNDHOUSE_REDIS: redis.connection,
    ROUNDHOUSE_DATA: join(folder, 'data'),
    ROUNDHOUSE_OPERATOR_TOKEN_FILE: join(folder, 'operator'),
    ROUNDHOUSE_LAUNCHER_TOKEN_FILE: join(folder, 'launcher'),
    ROUNDHOUSE_RATE_LIMITS: 'off',
    ROUNDHOUSE_LOG_LEVEL: 'error',
  };
  /** @type {Awaited<ReturnType<typeof startServiceProcess>>[]} */
  const services = [];
  for (let index = 0; index < processes; index += 1)
    services.push(await startServiceProcess('coordinator', environment));
  const [first] = services;
  if (first === undefined) throw new Error('a house has at least one coordinator process');
  const operator = new ApiClient({ baseUrl: first.url, token: tokens.operator });
  const project = await operator.call('createProject', { path: repository.path });
  return {
    url: first.url,
    urls: services.map(({ url }) => url),
    redis: redis.connection,
    operator,
    launcher: new ApiClient({ baseUrl: first.url, token: tokens.launcher }),
    async newOwner() {
      const { coordinator, token } = await operator.call('createCoordinator', { name: 'bench', projectId: project.id });
      return { id: coordinator.id, token };
    },
    /** What the first coordinator process holds. */
    memory: () => first.memory(),
    async stop() {
      for (const service of services) await service.stop();
      await redis.stop();
      await repository.remove();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
