import { fileURLToPath } from 'node:url';
import { ApiClient } from '@roundhouse/contracts';
import { startHouse } from '../simulated/house.mjs';
import { endConnections, httpCall } from '../simulated/http-call.mjs';
import { startProcess, startServiceProcess } from '../simulated/service-process.mjs';
import { SimulatedRunner } from '../simulated/simulated-runner.mjs';
import { commitFloor, times } from '../dispatch/floors.mjs';
import { quantile, round, say, summary } from '../statistics.mjs';
import { mcpTool } from './mcp-tool.mjs';
import { openWaits } from './open-waits.mjs';

const OTHERS = [0, 1_000];
const WARM_UP = 20;

/** @typedef {{ signal: () => Promise<unknown>, next: () => Promise<number> }} Way */

/**
 * From signal_done to the waiter that it wakes: over the API, alone and among a thousand, and through two MCP connections.
 * `said` counts from the runner's word that the work is pushed, which is what the service itself has to do; `called` from
 * the agent's call, with the runner's part. The floor is one Lua commit and one round trip over HTTP.
 *
 * @param {{ runs: number }} options
 */
export async function waits({ runs }) {
  const samples = Math.max(runs, 50);
  const floor = await signalFloor();
  say(`floor ${floor.totalMs} ms`);
  const house = await startHouse();
  try {
    const api = [];
    for (const others of OTHERS) {
      const row = await overApi(house, others, samples);
      api.push({
        others,
        ...row,
        ratioP50: round(row.said.p50Ms / floor.totalMs),
        ratioP99: round(row.said.p99Ms / floor.totalMs),
      });
      say(`${others} others: ${row.said.p50Ms} ms`);
    }
    const mcp = await overMcp(house, samples);
    say(`two MCP connections: ${mcp.called.p50Ms} ms`);
    return { floor, api, mcp };
  } finally {
    endConnections();
    await house.stop();
  }
}

async function signalFloor() {
  const { commitMs } = await commitFloor();
  const server = await startProcess(fileURLToPath(new URL('bare-server.mjs', import.meta.url)), {});
  try {
    const call = () => httpCall(server.url, 'POST', '/', {}, { timeoutMs: 1 });
    await times(100, call);
    const roundTripMs = quantile(await times(500, call), 0.5);
    return {
      luaCommitMs: round(commitMs),
      httpRoundTripMs: round(roundTripMs),
      totalMs: round(commitMs + roundTripMs),
    };
  } finally {
    await server.stop();
  }
}

/** @param {import('../simulated/house.mjs').House} house @param {number} others @param {number} samples */
async function overApi(house, others, samples) {
  const { owner, task, runner, client } = await liveTask(house);
  const waiting = openWaits(house.url, owner, others + 1);
  await waiting.open();
  try {
    return await measure(
      samples,
      { client, task: task.id, runner },
      {
        signal: () => httpCall(house.url, 'POST', `/api/tasks/${task.id}/done`, runner.agentHeaders, {}),
        next: () => waiting.next(),
      },
    );
  } finally {
    waiting.close();
    await runner.stop();
  }
}

/** @param {import('../simulated/house.mjs').House} house @param {number} samples */
async function overMcp(house, samples) {
  const gateway = await startServiceProcess('mcp-gateway', { ROUNDHOUSE_COORDINATOR_URL: house.url });
  const { owner, task, runner, client } = await liveTask(house);
  const mine = await mcpTool(gateway.url, { authorization: `Bearer ${owner.token}` });
  const agents = await mcpTool(gateway.url, runner.agentHeaders);
  try {
    let cursor = '-';
    /** @type {Promise<number>} */
    let open = Promise.resolve(0);
    const wait = async () => {
      const answer = await mine.call('wait_for_signal_done', { timeoutMs: 50_000, cursor });
      const at = performance.now();
      if (answer.outcome !== 'signal') throw new Error(`a wait answered ${answer.outcome}`);
      cursor = answer.cursor;
      open = wait();
      return at;
    };
    open = wait();
    const row = await measure(
      samples,
      { client, task: task.id, runner },
      {
        signal: () => agents.call('signal_done', {}),
        next: () => open,
      },
    );
    open.catch(() => undefined);
    return row;
  } finally {
    await mine.close();
    await agents.close();
    await runner.stop();
    await gateway.stop();
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
 * @param {number} samples
 * @param {{ client: ApiClient, task: string, runner: SimulatedRunner }} parts
 * @param {Way} way
 */
async function measure(samples, { client, task, runner }, { signal, next }) {
  /** @type {number[]} */
  const said = [];
  /** @type {number[]} */
  const called = [];
  for (let index = 0; index < samples + WARM_UP; index += 1) {
    const woken = next();
    const from = performance.now();
    const [at] = await Promise.all([woken, signal()]);
    if (index >= WARM_UP) {
      said.push(at - runner.publishedAt);
      called.push(at - from);
    }
    // The next signal answers another prompt.
    const settled = runner.settled();
    await client.call('promptTask', { id: task, prompt: 'again' });
    await settled;
  }
  const row = (/** @type {number[]} */ values) => ({ ...summary(values), p99Ms: round(quantile(values, 0.99)) });
  return { said: row(said), called: row(called) };
}
