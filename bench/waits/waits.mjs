import { ApiClient } from '@roundhouse/contracts';
import { startHouse } from '../simulated/house.mjs';
import { endConnections, httpCall } from '../simulated/http-call.mjs';
import { startServiceProcess } from '../simulated/service-process.mjs';
import { SimulatedRunner } from '../simulated/simulated-runner.mjs';
import { monotonicMs, quantile, round, say, summary } from '../statistics.mjs';
import { startMcpAgent } from './mcp-agent.mjs';
import { mcpTool } from './mcp-tool.mjs';
import { openWaits } from './open-waits.mjs';
import { startSignalFloor } from './signal-floor.mjs';

const OTHERS = [0, 1_000];
/**
 * So many that all processes run the code that they will run from then on: V8 compiles what is called often. They are of a task of
 * their own, since each is a prompt on its record.
 */
const WARM_UP = 100;
/** Of the task that is measured: its connections are made, and its record is read once. */
const FIRST = 5;

/** `signal` answers the instant of the call, `next` that of the next answer with a signal. @typedef {{ signal: () => Promise<number>, next: () => Promise<number> }} Way */

/** `first` are not counted. @typedef {{ first: number, samples: number }} Rounds */

/**
 * From signal_done to the waiter that it wakes: over the API, alone and among a thousand, and through two MCP connections.
 * `said` counts from the runner's word that the work is pushed, which is what the service itself has to do; `called` from
 * the agent's call, with the runner's part. The floor is one Lua commit and one round trip over HTTP, taken before each sample:
 * whatever else the machine does is in both.
 *
 * @param {{ runs: number }} options
 */
export async function waits({ runs }) {
  const samples = Math.max(runs, 50);
  const floor = await startSignalFloor();
  const house = await startHouse();
  try {
    const api = [];
    for (const others of OTHERS) {
      await overApi(house, floor, others, { first: WARM_UP, samples: 1 });
      const row = await overApi(house, floor, others, { first: FIRST, samples });
      api.push({ others, ...row });
      say(`${others} others: ${row.said.p50Ms} ms, ${row.ratioP50} times the floor`);
    }
    const mcp = await overMcp(house, floor, samples);
    say(`two MCP connections: ${mcp.said.p50Ms} ms from the runner's word, ${mcp.called.p50Ms} ms from the call`);
    return { api, mcp };
  } finally {
    endConnections();
    await house.stop();
    await floor.stop();
  }
}

/**
 * @param {import('../simulated/house.mjs').House} house
 * @param {import('./signal-floor.mjs').SignalFloor} floor
 * @param {number} others
 * @param {Rounds} rounds
 */
async function overApi(house, floor, others, rounds) {
  const { owner, task, runner, client } = await liveTask(house);
  const waiting = openWaits(house.url, owner, others + 1);
  await waiting.open();
  try {
    return await measure(
      rounds,
      { client, task: task.id, runner, floor },
      {
        signal: async () => {
          const from = monotonicMs();
          await httpCall(house.url, 'POST', `/api/tasks/${task.id}/done`, runner.agentHeaders, {});
          return from;
        },
        next: () => waiting.next(),
      },
    );
  } finally {
    waiting.close();
    await runner.stop();
  }
}

/**
 * @param {import('../simulated/house.mjs').House} house
 * @param {import('./signal-floor.mjs').SignalFloor} floor
 * @param {number} samples
 */
async function overMcp(house, floor, samples) {
  const gateway = await startServiceProcess('mcp-gateway', {
    ROUNDHOUSE_COORDINATOR_URL: house.url,
    ROUNDHOUSE_LOG_LEVEL: 'error',
  });
  try {
    await throughGateway(gateway.url, house, floor, { first: WARM_UP, samples: 1 });
    return await throughGateway(gateway.url, house, floor, { first: FIRST, samples });
  } finally {
    await gateway.stop();
  }
}

/**
 * @param {string} url
 * @param {import('../simulated/house.mjs').House} house
 * @param {import('./signal-floor.mjs').SignalFloor} floor
 * @param {Rounds} rounds
 */
async function throughGateway(url, house, floor, rounds) {
  const { owner, task, runner, client } = await liveTask(house);
  const mine = await mcpTool(url, { authorization: `Bearer ${owner.token}` });
  const agent = await startMcpAgent(url, runner.agentHeaders);
  try {
    let cursor = '-';
    /** @type {Promise<number>} */
    let open = Promise.resolve(0);
    const wait = async () => {
      const answer = await mine.call('wait_for_signal_done', { timeoutMs: 50_000, cursor });
      const at = monotonicMs();
      if (answer.outcome !== 'signal') throw new Error(`a wait answered ${answer.outcome}`);
      cursor = answer.cursor;
      open = wait();
      return at;
    };
    open = wait();
    const row = await measure(
      rounds,
      { client, task: task.id, runner, floor },
      {
        signal: () => agent.signal(),
        next: () => open,
      },
    );
    open.catch(() => undefined);
    return row;
  } finally {
    await mine.close();
    await agent.stop();
    await runner.stop();
  }
}

/** @param {import('../simulated/house.mjs').House} house */
async function liveTask(house) {
  const owner = await house.newOwner();
  const client = new ApiClient({ baseUrl: house.url, token: owner.token, coordinatorId: owner.id });
  const task = await client.call('createTask', { name: 'bench', prompt: 'x' });
  const runner = await SimulatedRunner.start(house.url, house.launcher, task.id);
  // One that stays unsettled: the waits stay open between two signals.
  await client.call('createTask', { name: 'other', prompt: 'x' });
  return { owner, client, task, runner };
}

/**
 * @param {Rounds} rounds
 * @param {{ client: ApiClient, task: string, runner: SimulatedRunner, floor: import('./signal-floor.mjs').SignalFloor }} parts
 * @param {Way} way
 */
async function measure({ first, samples }, { client, task, runner, floor }, { signal, next }) {
  /** @type {number[]} */
  const said = [];
  /** @type {number[]} */
  const called = [];
  /** @type {number[]} */
  const floors = [];
  for (let index = 0; index < first + samples; index += 1) {
    const woken = next();
    const floorMs = await floor.sample();
    const [at, from] = await Promise.all([woken, signal()]);
    if (index >= first) {
      said.push(at - runner.publishedAt);
      called.push(at - from);
      floors.push(floorMs);
    }
    // The next signal answers another prompt.
    const settled = runner.settled();
    await client.call('promptTask', { id: task, prompt: 'again' });
    await settled;
  }
  const row = (/** @type {number[]} */ values) => ({ ...summary(values), p99Ms: round(quantile(values, 0.99)) });
  const ratio = (/** @type {number} */ share) => round(quantile(said, share) / quantile(floors, 0.5));
  return { floor: row(floors), said: row(said), called: row(called), ratioP50: ratio(0.5), ratioP99: ratio(0.99) };
}
