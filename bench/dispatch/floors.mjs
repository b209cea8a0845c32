import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startRedis } from '@roundhouse/host';
import { connectRedis } from '../../services/launcher/dist/adapters/bullmq/redis-connection.js';
import { quantile, round } from '../statistics.mjs';

const COMMIT = fileURLToPath(new URL('../../services/coordinator/lua/commit.lua', import.meta.url));
/** See the head of the script. */
const KEYS_OF_COMMIT = 25;
const quiet = () => undefined;
const log = { debug: quiet, info: quiet, warn: quiet, error: quiet };

/** @param {string} program @param {readonly string[]} args */
async function run(program, args) {
  const child = spawn(program, args, { stdio: 'ignore' });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}`);
}

/** @param {number} runs @param {(index: number) => Promise<unknown>} act @returns {Promise<number[]>} milliseconds */
export async function times(runs, act) {
  const samples = [];
  for (let index = 0; index < runs; index += 1) {
    const from = performance.now();
    await act(index);
    samples.push(performance.now() - from);
  }
  return samples;
}

/**
 * What a warm dispatch cannot do without: a process, a mount, one commit and two round trips, each the median of its own
 * samples. The mount is mount(8) less the process that it is.
 *
 * @param {number} runs
 */
export async function warmFloor(runs) {
  const folder = await mkdtemp(join(tmpdir(), 'roundhouse-bench-'));
  try {
    const forkExecMs = quantile(await times(runs, () => run('/bin/true', [])), 0.5);
    const mountMs = Math.max(0, quantile(await mounts(folder, runs), 0.5) - forkExecMs);
    const { commitMs, roundTripMs } = await store(folder);
    const totalMs = forkExecMs + mountMs + commitMs + 2 * roundTripMs;
    return {
      forkExecMs: round(forkExecMs),
      overlayMountMs: round(mountMs),
      luaCommitMs: round(commitMs),
      redisRoundTripMs: round(roundTripMs),
      totalMs: round(totalMs),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** @param {string} folder @param {number} runs */
async function mounts(folder, runs) {
  const lower = join(folder, 'lower');
  await mkdir(lower);
  const targets = await Promise.all(
    Array.from({ length: runs }, async (_, index) => {
      const of = (/** @type {string} */ name) => join(folder, `${name}-${index}`);
      await Promise.all(['upper', 'work', 'merged'].map((name) => mkdir(of(name))));
      return of;
    }),
  );
  const samples = await times(runs, (index) => {
    const of = targets[index];
    if (of === undefined) throw new Error('no such target');
    const options = `lowerdir=${lower},upperdir=${of('upper')},workdir=${of('work')}`;
    return run('/bin/mount', ['-t', 'overlay', '-o', options, 'overlay', of('merged')]);
  });
  for (const of of targets) await run('/bin/umount', [of('merged')]);
  return samples;
}

/** One Lua commit and one round trip to Redis, medians of their own. @param {string} folder */
async function store(folder) {
  const { commit, ping, stop } = await startCommits(folder);
  try {
    return {
      commitMs: quantile(await times(200, commit), 0.5),
      roundTripMs: quantile(await times(200, ping), 0.5),
    };
  } finally {
    await stop();
  }
}

/**
 * A Redis of its own, and single commits of the service's own script in it: each call is one.
 *
 * @param {string} folder
 */
export async function startCommits(folder) {
  const server = await startRedis({ folder: join(folder, 'redis'), log });
  const redis = connectRedis(server.connection);
  const sha = /** @type {string} */ (await redis.script('LOAD', await readFile(COMMIT, 'utf8')));
  const data = 'x'.repeat(3_000);
  let made = 0;
  const commit = () => {
    made += 1;
    // As many as the script takes; of its own meaning each has none here.
    const keys = Array.from({ length: KEYS_OF_COMMIT }, (_, index) => `key-${index + 1}-${made}`);
    const change = {
      expected: 0,
      version: 1,
      attempt: 1,
      live: 0,
      id: `task ${made}`,
      settled: false,
      createdAt: made,
      leaseMs: -1,
      trim: 1_000,
      effects: ['{}'],
      event: '{}',
      channel: 'events',
      coordinatorId: 'coordinator',
      kind: 'scripted',
      lineName: 'line',
      place: true,
      waitsFor: [],
    };
    return redis.evalsha(sha, keys.length, ...keys, JSON.stringify(change), data, '');
  };
  await times(20, commit);
  return {
    commit,
    ping: () => redis.ping(),
    async stop() {
      redis.disconnect();
      await server.stop();
    },
  };
}
