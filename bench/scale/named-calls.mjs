import { httpCall } from '../simulated/http-call.mjs';

/** @typedef {(house: import('./filled-house.mjs').FilledHouse, index: number) => Promise<number>} NamedCall how long it took, ms */

/** @param {() => Promise<unknown>} call */
async function timed(call) {
  const from = performance.now();
  await call();
  return performance.now() - from;
}

/** @param {import('./filled-house.mjs').FilledHouse} house @param {number} index */
function runnerOf({ runners }, index) {
  const runner = runners[index % runners.length];
  if (runner === undefined) throw new Error('no runner is linked');
  return runner;
}

const ownHeaders = (/** @type {{ id: string, token: string }} */ owner) => ({
  authorization: `Bearer ${owner.token}`,
  'x-coordinator-id': owner.id,
});

/** @type {Readonly<Record<string, NamedCall>>} */
export const NAMED_CALLS = {
  list_tasks: ({ url, owner }) => timed(() => httpCall(url, 'GET', '/api/tasks?limit=50', ownHeaders(owner))),
  get_task_status: (house, index) => {
    const { taskId } = runnerOf(house, index).assignment;
    return timed(() => httpCall(house.url, 'GET', `/api/tasks/${taskId}`, ownHeaders(house.owner)));
  },
  signal_done: async (house, index) => {
    const runner = runnerOf(house, index);
    const { taskId } = runner.assignment;
    const tookMs = await timed(() => httpCall(house.url, 'POST', `/api/tasks/${taskId}/done`, runner.agentHeaders, {}));
    // The next signal answers another prompt.
    const settled = runner.settled();
    await house.client.call('promptTask', { id: taskId, prompt: 'again' });
    await settled;
    return tookMs;
  },
};
