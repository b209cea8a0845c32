import { setTimeout as delay } from 'node:timers/promises';
import { LAUNCHER_TIMES } from '@roundhouse/contracts';

/** @typedef {import('@roundhouse/contracts').ApiClient} ApiClient */

/** Epoch milliseconds with microseconds, as `date +%s%N` has nanoseconds. */
const now = () => performance.timeOrigin + performance.now();

/** Between two looks at an output, ms: what is looked for carries its own time. */
const LOOK_MS = 1_000;

/**
 * Starts one task whose agent is date(1) and then stays, as agents do, and answers how long after the call its first
 * instructions ran: the instant that it printed, in its worktree.
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
    agent: { kind: 'command', argv: ['/bin/sh', '-c', '/bin/date +%s%N; exec sleep 600'], promptVia: 'file' },
  });
  const nanoseconds = await printedTime(client, id);
  return { id, ms: Number(BigInt(nanoseconds) / 1_000n) / 1_000 - from };
}

/** @param {ApiClient} client @param {string} id @returns {Promise<string>} nanoseconds since the epoch */
async function printedTime(client, id) {
  for (const end = Date.now() + 60_000; Date.now() < end;) {
    await delay(LOOK_MS);
    const { text } = await client.call('readOutput', { id });
    const nanoseconds = /\b(\d{19})\b/.exec(text)?.[1];
    const { attempt, lifecycle } = await client.call('getTask', { id });
    if (attempt !== 1 || lifecycle.state === 'ended') throw new Error(`task ${id}: ${JSON.stringify(lifecycle)}`);
    if (nanoseconds !== undefined) return nanoseconds;
  }
  throw new Error(`the agent of task ${id} printed no time`);
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
  // What is told now may have been said before the last attempts were handed over.
  await delay(LAUNCHER_TIMES.everyMs);
  for (const end = Date.now() + 120_000; Date.now() < end; await delay(250)) {
    const { launchers } = await operator.call('listLaunchers', {});
    if (launchers.some(({ warm }) => warm >= count)) return;
  }
  throw new Error(`there were not ${count} warm sandboxes within two minutes`);
}
