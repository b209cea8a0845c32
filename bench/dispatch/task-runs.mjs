import { setTimeout as delay } from 'node:timers/promises';

/** @typedef {import('@roundhouse/contracts').ApiClient} ApiClient */

/** Epoch milliseconds with microseconds, as `date +%s%N` has nanoseconds. */
const now = () => performance.timeOrigin + performance.now();

/**
 * Runs one task whose agent is date(1) and answers how long after the call its first instructions ran: the instant that
 * it printed, in its worktree. Nothing has to watch for it.
 *
 * @param {ApiClient} client
 * @param {string} name
 * @returns {Promise<{ id: string, ms: number }>}
 */
export async function dispatchOne(client, name) {
  const from = now();
  const { id } = await client.call('createTask', {
    name,
    prompt: 'What time is it?',
    agent: { kind: 'command', argv: ['/bin/date', '+%s%N'], promptVia: 'file' },
  });
  await ended(client, id);
  const { text } = await client.call('readOutput', { id });
  const nanoseconds = /\b(\d{19})\b/.exec(text)?.[1];
  if (nanoseconds === undefined) throw new Error(`the agent of ${name} printed no time: ${text}`);
  return { id, ms: Number(BigInt(nanoseconds) / 1_000n) / 1_000 - from };
}

/** @param {ApiClient} client @param {string} id */
async function ended(client, id) {
  const answer = await client.call('waitForIdle', { id, timeoutMs: 55_000 });
  if (answer.outcome !== 'ended') throw new Error(`task ${id}: ${answer.outcome}`);
  if (answer.task.attempt !== 1) throw new Error(`task ${id} needed attempt ${answer.task.attempt}`);
  const { lifecycle } = answer.task;
  if (lifecycle.state === 'ended' && lifecycle.end.kind !== 'exited')
    throw new Error(`task ${id} ended as ${JSON.stringify(lifecycle.end)}`);
}

/** Closes tasks and waits until they are gone. @param {ApiClient} client @param {readonly string[]} ids */
export async function closeAll(client, ids) {
  await Promise.all(
    ids.map(async (id) => {
      for (let tries = 0; tries < 20; tries += 1) {
        if ((await client.call('closeTask', { id })).outcome === 'closed') return;
      }
      throw new Error(`task ${id} does not close`);
    }),
  );
}

/**
 * Waits until so many sandboxes are warm. A bench may look again and again: what it waits for is not what it measures.
 *
 * @param {ApiClient} operator
 * @param {number} count
 */
export async function untilWarm(operator, count) {
  for (const end = Date.now() + 120_000; Date.now() < end; await delay(250)) {
    const { launchers } = await operator.call('listLaunchers', {});
    if (launchers.some(({ warm }) => warm >= count)) return;
  }
  throw new Error(`there were not ${count} warm sandboxes within two minutes`);
}
