// Measures, with a real Redis, the launcher as it runs and tiny runners: how long it is from an attempt's `queue.add`
// until its runner has the assignment, warm and cold. `node src/testing/measure-hand-over.mjs [COUNT]` after a build;
// prints one line of JSON. The coordinator is the test double, so its own work (a Lua commit, a token) is not in it. `cpuMsEach` is the processor time of launcher, double and this script.
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ATTEMPT_QUEUE, KEY_PREFIX, attemptJobId, sandboxName } from '@roundhouse/contracts';
import { endProcessTree, startRedis } from '@roundhouse/host';
import { Queue } from 'bullmq';
import { connectRedis } from '../../dist/adapters/bullmq/redis-connection.js';
import { startLauncher } from '../../dist/app.js';
import { readConfig } from '../../dist/config.js';
import { CoordinatorDouble, PROFILE } from '../../dist/testing/coordinator-double.js';
import { eventually } from '../../dist/testing/eventually.js';
import { quietLog } from '../../dist/testing/quiet-log.js';

const count = Number(process.argv[2] ?? 100);
const main = new URL('./tiny-runner.mjs', import.meta.url).pathname;
const folder = await mkdtemp(join(tmpdir(), 'measure-'));
const redis = await startRedis({ folder: join(folder, 'redis'), log: quietLog });
const connection = connectRedis(redis.connection);
const queue = new Queue(ATTEMPT_QUEUE, { connection, prefix: KEY_PREFIX });
const coordinator = new CoordinatorDouble();
await coordinator.start();
await writeFile(join(folder, 'token'), 'launcher-secret');
coordinator.runnerWord = 'idle';
coordinator.archiveWord = 'archived';

const claimedAt = new Map();
const { claim } = coordinator;
coordinator.claim = (input) => {
  claimedAt.set(input.taskId, now());
  return claim(input);
};
const seen = (job) => readFile(join(folder, 's', sandboxName(job.taskId, 1), 'seen.json'), 'utf8').catch(() => null);
const now = () => performance.timeOrigin + performance.now();

async function launch(more) {
  const config = readConfig({
    PATH: process.env.PATH,
    ROUNDHOUSE_REDIS: redis.connection,
    ROUNDHOUSE_COORDINATOR_URL: coordinator.url,
    ROUNDHOUSE_MCP_URL: 'http://127.0.0.1:9/mcp',
    ROUNDHOUSE_LAUNCHER_TOKEN_FILE: join(folder, 'token'),
    ROUNDHOUSE_SANDBOXES: join(folder, 's'),
    ROUNDHOUSE_RUNNER_MAIN: main,
    ROUNDHOUSE_SLOTS: '500',
    ...more,
  });
  return await startLauncher(config, quietLog);
}

/** Adds jobs in groups and answers how long each took. */
async function run(total, atOnce) {
  const times = [];
  const before = process.cpuUsage();
  for (let done = 0; done < total; done += atOnce) {
    const jobs = Array.from({ length: atOnce }, () => ({ taskId: randomUUID(), attempt: 1 }));
    await delay(30);
    const added = await Promise.all(
      jobs.map(async (job) => {
        const at = now();
        await queue.add('attempt', job, { jobId: attemptJobId(job) });
        return at;
      }),
    );
    for (const [index, job] of jobs.entries()) {
      const text = await eventually(
        async () => {
          const found = await seen(job);
          return found?.endsWith('}') ? found : null;
        },
        'it is assigned',
        120_000,
      );
      const { assignedAt, seenAt } = JSON.parse(text);
      times.push({
        ms: (assignedAt ?? seenAt) - added[index],
        toClaim: claimedAt.get(job.taskId) - added[index],
        warm: assignedAt !== undefined,
      });
    }
  }
  const { user, system } = process.cpuUsage(before);
  return { times, cpuMs: (user + system) / 1_000 / total };
}
const at = (numbers, share) => numbers.toSorted((a, b) => a - b)[Math.floor((numbers.length - 1) * share)];
const both = (numbers) => ({ p50: Number(at(numbers, 0.5).toFixed(2)), p95: Number(at(numbers, 0.95).toFixed(2)) });
const figures = ({ times, cpuMs }) => ({
  cpuMsEach: Number(cpuMs.toFixed(2)),
  count: times.length,
  warm: times.filter(({ warm }) => warm).length,
  toAssignment: both(times.map(({ ms }) => ms)),
  toClaim: both(times.map(({ toClaim }) => toClaim)),
});

const results = {};
try {
  coordinator.prepare = [PROFILE];
  const size = String(count + 41);
  const warm = await launch({ ROUNDHOUSE_WARM_MIN: size, ROUNDHOUSE_WARM_MAX: size, ROUNDHOUSE_SLOTS: size });
  const warmCount = () =>
    Math.max(
      0,
      ...coordinator
        .toldOf('reportLauncher')
        .slice(-1)
        .map((state) => state.warm),
    );
  await eventually(() => warmCount() >= count + 41, 'the pool is full', 600_000);
  await run(1, 1);
  results.oneByOne = figures(await run(count, 1));
  results.fortyAtOnce = figures(await run(40, 40));
  await endProcessTree({ mark: '-', folder: join(folder, 's') }, { graceMs: 0, killMs: 10_000 });
  await warm.stop();
  coordinator.prepare = [];
  const cold = await launch({});
  results.cold = figures(await run(20, 1));
  await endProcessTree({ mark: '-', folder: join(folder, 's') }, { graceMs: 0, killMs: 10_000 });
  await cold.stop();
} finally {
  await endProcessTree({ mark: '-', folder: join(folder, 's') }, { graceMs: 0, killMs: 10_000 });
  await queue.close();
  connection.disconnect();
  await coordinator.stop();
  await redis.stop();
  await rm(folder, { recursive: true });
}
process.stdout.write(`${JSON.stringify(results)}\n`);
