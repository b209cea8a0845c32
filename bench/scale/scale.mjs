import { ApiClient } from '@roundhouse/contracts';
import { startHouse } from '../simulated/house.mjs';
import { endConnections, httpCall } from '../simulated/http-call.mjs';
import { startRoundRobin } from '../simulated/round-robin.mjs';
import { SimulatedRunner } from '../simulated/simulated-runner.mjs';
import { quantile, round, say, summary } from '../statistics.mjs';
import { storeTasks } from './stored-tasks.mjs';

/** A small house and a large one: tasks in the store, and how many of them have a runner that is linked. */
const SMALL = { tasks: 100, live: 10 };
const LARGE = { tasks: 10_000, live: 1_000 };
const CLAIMS_AT_ONCE = 20;
const WARM_UP = 50;
/** So many calls at once, for the share that two processes take of them. */
const CLIENTS = 32;

/** @typedef {import('../simulated/house.mjs').House} House */
/** @typedef {{ summary: object, p99: number }} Row */

/**
 * What a call costs where there is little and where there is much: the same calls at 100 tasks and at 10,000 with 1,000 live
 * runners on one coordinator process, as ratios; the memory that a live task takes; and two processes behind one address.
 *
 * @param {{ runs: number }} options
 */
export async function scale({ runs }) {
  const calls = Math.max(300, runs * 20);
  const house = await startHouse();
  try {
    const small = await inHouse(house, SMALL, { tasks: 0, live: 0 }, calls);
    const large = await inHouse(house, LARGE, SMALL, calls);
    const ratios = Object.fromEntries(
      Object.entries(large.p99).map(([name, p99]) => [name, round(p99 / (small.p99[name] ?? p99))]),
    );
    const added = LARGE.live - SMALL.live;
    return {
      callsEach: calls,
      small: small.rows,
      large: large.rows,
      ratioP99: ratios,
      memoryPerLiveTaskKb: round((large.memory.heldBytes - small.memory.heldBytes) / added / 1_024),
      coordinatorRssMb: round(large.memory.rssBytes / 1_048_576),
      twoProcesses: await twoProcesses(calls),
    };
  } finally {
    await Promise.all(kept.runners.map((runner) => runner.stop()));
    endConnections();
    await house.stop();
  }
}

/** @type {{ owner: { id: string, token: string } | null, runners: SimulatedRunner[] }} */
const kept = { owner: null, runners: [] };

/**
 * @param {House} house
 * @param {{ tasks: number, live: number }} size
 * @param {{ tasks: number, live: number }} before what is there already
 * @param {number} calls
 */
async function inHouse(house, size, before, calls) {
  const owner = (kept.owner ??= await house.newOwner());
  const client = new ApiClient({ baseUrl: house.url, token: owner.token, coordinatorId: owner.id });
  await storeTasks(house.redis, owner.id, size.tasks - size.live - (before.tasks - before.live));
  say(`${size.tasks} tasks are stored`);
  for (let live = before.live; live < size.live; live += CLAIMS_AT_ONCE) {
    const count = Math.min(CLAIMS_AT_ONCE, size.live - live);
    const started = Array.from({ length: count }, async () => {
      const { id } = await client.call('createTask', { name: 'live', prompt: 'x' });
      return await SimulatedRunner.start(house.url, house.launcher, id);
    });
    kept.runners.push(...(await Promise.all(started)));
  }
  say(`${size.live} runners are linked`);
  const measured = await measure(house.url, owner, client, kept.runners, calls);
  return { ...measured, memory: await house.memory() };
}

/**
 * @param {string} url
 * @param {{ id: string, token: string }} owner
 * @param {ApiClient} client
 * @param {SimulatedRunner[]} runners
 * @param {number} calls
 */
async function measure(url, owner, client, runners, calls) {
  const headers = { authorization: `Bearer ${owner.token}`, 'x-coordinator-id': owner.id };
  const any = (/** @type {number} */ index) => {
    const runner = runners[index % runners.length];
    if (runner === undefined) throw new Error('no runner is linked');
    return runner;
  };
  /** @type {Record<string, (index: number) => Promise<unknown>>} */
  const named = {
    list_tasks: () => httpCall(url, 'GET', '/api/tasks?limit=50', headers),
    get_task_status: (index) => httpCall(url, 'GET', `/api/tasks/${any(index).assignment.taskId}`, headers),
    signal_done: (index) =>
      httpCall(url, 'POST', `/api/tasks/${any(index).assignment.taskId}/done`, any(index).agentHeaders, {}),
  };
  /** @type {Record<string, object>} */
  const rows = {};
  /** @type {Record<string, number>} */
  const p99 = {};
  for (const [name, call] of Object.entries(named)) {
    const samples = [];
    for (let index = 0; index < calls + WARM_UP; index += 1) {
      const from = performance.now();
      await call(index);
      if (index >= WARM_UP) samples.push(performance.now() - from);
      if (name !== 'signal_done') continue;
      const settled = any(index).settled();
      await client.call('promptTask', { id: any(index).assignment.taskId, prompt: 'again' });
      await settled;
    }
    p99[name] = quantile(samples, 0.99);
    rows[name] = { ...summary(samples), p99Ms: round(quantile(samples, 0.99)) };
    say(`${name}: p50 ${round(quantile(samples, 0.5))} ms, p99 ${round(quantile(samples, 0.99))} ms`);
  }
  return { rows, p99 };
}

/** The same load on one process and on two behind one address. What two gain hangs on the cores that there are. @param {number} calls */
async function twoProcesses(calls) {
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
