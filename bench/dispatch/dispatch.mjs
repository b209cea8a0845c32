import { scratchRepository, startEmbeddedService } from '@roundhouse/testkit';
import { quantile, round, say, summary } from '../statistics.mjs';
import { containerFloor } from './container-floor.mjs';
import { warmFloor } from './floors.mjs';
import { closeAll, dispatchOne, untilWarm } from './task-runs.mjs';

const SMALL_FILES = 100;
const LARGE_FILES = 20_000;
const AT_ONCE = [1, 10, 40];

/** @typedef {import('@roundhouse/contracts').ApiClient} ApiClient */

/**
 * From create_task to the first instruction of the agent, in its worktree, in its container: cold against the start of
 * a hardened container, warm against what no dispatch can do without, at once in numbers, and in a small and a large
 * repository.
 *
 * @param {{ runs: number }} options
 */
export async function dispatch({ runs }) {
  const floor = await warmFloor(runs);
  say(`warm floor ${floor.totalMs} ms`);
  const small = await inRepository(SMALL_FILES, runs, [...AT_ONCE]);
  const large = await inRepository(LARGE_FILES, runs, [1]);
  const [one] = small.warm;
  const [oneLarge] = large.warm;
  if (one === undefined || oneLarge === undefined) throw new Error('nothing was measured');
  return {
    floors: { warm: floor, cold: small.containerFloor },
    cold: { ...small.cold, ratioToContainerStart: round(small.cold.p50Ms / small.containerFloor.startMs) },
    warm: small.warm.map((row) => ({
      ...row,
      ratioP50: round(row.p50Ms / floor.totalMs),
      ratioP95: round(row.p95Ms / floor.totalMs),
    })),
    repositorySize: {
      smallFiles: SMALL_FILES,
      largeFiles: LARGE_FILES,
      warmSmallP50Ms: one.p50Ms,
      warmLargeP50Ms: oneLarge.p50Ms,
      warmRatio: round(oneLarge.p50Ms / one.p50Ms),
      coldSmallP50Ms: small.cold.p50Ms,
      coldLargeP50Ms: large.cold.p50Ms,
    },
  };
}

/** @param {number} files @param {number} runs @param {readonly number[]} atOnce */
async function inRepository(files, runs, atOnce) {
  say(`a repository of ${files} files`);
  const repository = await scratchRepository(
    Object.fromEntries(
      Array.from({ length: files }, (_, index) => [
        `folder-${Math.floor(index / 100)}/file-${index}.txt`,
        `This is file ${index}.\n`.repeat(10),
      ]),
    ),
  );
  try {
    const cold = await withService(repository.path, '0:0', async ({ client }) => {
      // The first one pays for the prepared checkout, which the next ones share.
      await closeAll(client, [(await dispatchOne(client, 'first')).id]);
      const rows = await sequence(client, runs, 'cold');
      return { samples: rows, containerFloor: await containerFloor(runs) };
    });
    const warm = [];
    for (const many of atOnce) {
      const row = await withService(repository.path, `${many}:${many}`, (service) => warmRow(service, many, runs));
      say(`warm, ${many} at once: ${row.p50Ms} ms`);
      warm.push(row);
    }
    return { cold: summary(cold.samples), containerFloor: cold.containerFloor, warm };
  } finally {
    await repository.remove();
  }
}

/**
 * @param {{ client: ApiClient, operator: ApiClient }} service
 * @param {number} many
 * @param {number} runs
 */
async function warmRow({ client, operator }, many, runs) {
  const rounds = many === 1 ? runs : Math.max(3, Math.ceil(runs / many));
  const samples = [];
  for (let index = 0; index <= rounds; index += 1) {
    await untilWarm(operator, many);
    const done = await Promise.all(
      Array.from({ length: many }, (_, task) => dispatchOne(client, `warm ${index} ${task}`)),
    );
    await closeAll(
      client,
      done.map(({ id }) => id),
    );
    // The first round warms the code of the services up, too.
    if (index > 0) samples.push(...done.map(({ ms }) => ms));
  }
  return { atOnce: many, ...summary(samples) };
}

/** @param {ApiClient} client @param {number} runs @param {string} name */
async function sequence(client, runs, name) {
  const samples = [];
  for (let index = 0; index < runs; index += 1) {
    const { id, ms } = await dispatchOne(client, `${name} ${index}`);
    samples.push(ms);
    await closeAll(client, [id]);
  }
  say(`${name}: ${round(quantile(samples, 0.5))} ms`);
  return samples;
}

/**
 * @template T
 * @param {string} repository
 * @param {string} warm
 * @param {(service: { client: ApiClient, operator: ApiClient }) => Promise<T>} act
 */
async function withService(repository, warm, act) {
  const service = await startEmbeddedService({ repository, args: ['--sandbox', 'docker', '--warm', warm] });
  try {
    return await act({ client: service.coordinator(), operator: service.operator() });
  } catch (error) {
    process.stderr.write(service.log.slice(-8_000));
    throw error;
  } finally {
    await service.stop();
  }
}
