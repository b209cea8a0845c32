import { ApiClient } from '@roundhouse/contracts';
import { startHouse } from '../simulated/house.mjs';
import { endConnections, httpCall } from '../simulated/http-call.mjs';
import { startRoundRobin } from '../simulated/round-robin.mjs';
import { quantile, round, say } from '../statistics.mjs';
import { filledHouse } from './filled-house.mjs';
import { NAMED_CALLS } from './named-calls.mjs';

/** A small house and a large one: tasks in the store, and how many of them have a runner that is linked. */
const SMALL = { tasks: 100, live: 10 };
const LARGE = { tasks: 10_000, live: 1_000 };
const WARM_UP = 100;
const ROUNDS = 5;
/** So many calls at once, for the share that two processes take of them. */
const CLIENTS = 32;

/**
 * What a call costs where there is little and where there is much: the same calls at 100 tasks and at 10,000 with 1,000 live
 * runners on one coordinator process, as ratios; the memory that a task takes; and two processes behind one address.
 *
 * @param {{ runs: number }} options
 */
export async function scale({ runs }) {
  const calls = Math.max(300, runs * 20);
  const small = await filledHouse(SMALL);
  const large = await filledHouse(LARGE);
  try {
    const figures = await compared(small, large, calls);
    return {
      rounds: ROUNDS,
      callsEachRound: calls,
      ...figures,
      memory: memoryOf(large),
      twoProcesses: await shared(calls),
    };
  } finally {
    await small.stop();
    await large.stop();
    endConnections();
  }
}

/**
 * Call by call in turn, so that whatever else the machine does is in both; of each round the p99, and of these the median: one
 * bad moment is one round's.
 *
 * @param {import('./filled-house.mjs').FilledHouse} small
 * @param {import('./filled-house.mjs').FilledHouse} large
 * @param {number} calls
 */
async function compared(small, large, calls) {
  /** @type {Record<string, object>} */
  const rows = {};
  /** @type {Record<string, number>} */
  const ratioP99 = {};
  for (const [name, call] of Object.entries(NAMED_CALLS)) {
    /** @type {Record<'small' | 'large', { p50: number[], p99: number[] }>} */
    const rounds = { small: { p50: [], p99: [] }, large: { p50: [], p99: [] } };
    for (let index = 0; index < WARM_UP; index += 1) for (const house of [small, large]) await call(house, index);
    for (let at = 0; at < ROUNDS; at += 1) {
      /** @type {Record<'small' | 'large', number[]>} */
      const samples = { small: [], large: [] };
      for (let index = 0; index < calls; index += 1) {
        samples.small.push(await call(small, index));
        samples.large.push(await call(large, index));
      }
      for (const size of /** @type {const} */ (['small', 'large'])) {
        rounds[size].p50.push(quantile(samples[size], 0.5));
        rounds[size].p99.push(quantile(samples[size], 0.99));
      }
    }
    const row = (/** @type {{ p50: number[], p99: number[] }} */ { p50, p99 }) => ({
      p50Ms: round(quantile(p50, 0.5)),
      p99Ms: round(quantile(p99, 0.5)),
      p99OfRoundsMs: p99.map(round),
    });
    rows[name] = { small: row(rounds.small), large: row(rounds.large) };
    ratioP99[name] = round(quantile(rounds.large.p99, 0.5) / quantile(rounds.small.p99, 0.5));
    say(`${name}: ${ratioP99[name]} times`);
  }
  return { calls: rows, ratioP99 };
}

/** @param {import('./filled-house.mjs').FilledHouse} large */
function memoryOf({ held: { empty, stored, full } }) {
  const queued = LARGE.tasks - LARGE.live - 2;
  const live = LARGE.live - 1;
  const each = (/** @type {number} */ bytes, /** @type {number} */ count) => Math.round(bytes / count);
  return {
    perQueuedTask: {
      coordinatorBytes: each(stored.heldBytes - empty.heldBytes, queued),
      redisBytes: each(stored.redisBytes - empty.redisBytes, queued),
    },
    perLiveTask: {
      coordinatorBytes: each(full.heldBytes - stored.heldBytes, live),
      redisBytes: each(full.redisBytes - stored.redisBytes, live),
    },
    coordinatorRssMb: round(full.rssBytes / 1_048_576),
  };
}

/** The same load on one process and on two behind one address. What two gain hangs on the cores that there are. @param {number} calls */
async function shared(calls) {
  const figures = [];
  for (const processes of [1, 2]) {
    const house = await startHouse({ processes });
    const door = await startRoundRobin(house.urls);
    try {
      const owner = await house.newOwner();
      const client = new ApiClient({ baseUrl: house.url, token: owner.token, coordinatorId: owner.id });
      const { id } = await client.call('createTask', { name: 'a task', prompt: 'x' });
      const headers = { authorization: `Bearer ${owner.token}`, 'x-coordinator-id': owner.id };
      const from = performance.now();
      const each = async () => {
        for (let index = 0; index < calls; index += 1) await httpCall(door.url, 'GET', `/api/tasks/${id}`, headers);
      };
      await Promise.all(Array.from({ length: CLIENTS }, each));
      const perSecond = Math.round((CLIENTS * calls * 1_000) / (performance.now() - from));
      figures.push({ processes, callsPerSecond: perSecond, connections: [...door.counts] });
      say(`${processes} processes: ${perSecond} calls a second`);
    } finally {
      endConnections();
      await door.stop();
      await house.stop();
    }
  }
  return figures;
}
