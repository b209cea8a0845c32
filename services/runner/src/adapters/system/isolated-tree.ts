import { readdir, readlink } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { startTimeOf } from '@roundhouse/host';
import type { EndTree } from '../../ports.ts';

export interface TreeTimes {
  readonly graceMs: number;
  readonly killMs: number;
}

/** The machine's own process namespace has this name on every Linux (PROC_PID_INIT_INO of the kernel). */
const OF_THE_MACHINE = 'pid:[4026531836]';
const INIT = 1;
/** As for any tree: interactive shells heed SIGHUP only, others should get SIGTERM alone first. */
const HANG_UP_MS = 500;
const LAST_PAUSE_MS = 50;
/** Where there is no init but us the dead of others stay. */
const REAP_MS = 1_000;

/**
 * Ends all that runs in the process namespace but this process and its init: signals go to everything at once, so that
 * nothing that forks can get away, and it takes no process to send them, so that a fork bomb cannot keep us from it.
 */
export const endIsolatedTree =
  (times: TreeTimes): EndTree =>
  async () => {
    await assertIsolated();
    const graceEnd = Date.now() + times.graceMs;
    const hangUpAt = Date.now() + Math.min(times.graceMs / 4, HANG_UP_MS);
    for (const { signal, end } of [
      { signal: 'SIGTERM', end: hangUpAt },
      { signal: 'SIGHUP', end: graceEnd },
    ] as const) {
      signalAll(signal);
      // A stopped process takes the signal only when it goes on.
      signalAll('SIGCONT');
      if ((await whenGone(end, alive)).length === 0) return reaped();
    }
    const killed = await whenGone(Date.now() + times.killMs, () => {
      signalAll('SIGKILL');
      return alive();
    });
    return killed.length === 0 ? reaped() : { left: killed };
  };

/** The dead count against the limit of processes until init has taken note of them, and git would find no room. */
async function reaped(): Promise<{ left: [] }> {
  await whenGone(Date.now() + REAP_MS, others);
  return { left: [] };
}

/** Looks until none is found or `end` has come: the system tells only a parent of an exit. */
async function whenGone(end: number, look: () => Promise<number[]>): Promise<number[]> {
  for (let pauseMs = 1; ; pauseMs = Math.min(pauseMs * 2, LAST_PAUSE_MS)) {
    const found = await look();
    if (found.length === 0 || Date.now() >= end) return found;
    await delay(Math.min(pauseMs, Math.max(end - Date.now(), 1)));
  }
}

/** kill(2): "every process for which the caller has permission", but init and, on Linux, the caller. */
function signalAll(signal: NodeJS.Signals): void {
  try {
    process.kill(-1, signal);
  } catch (error) {
    // ESRCH: there is none. EPERM: none that is ours to signal; it is counted as left.
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ESRCH' && code !== 'EPERM') throw error;
  }
}

/** All processes of the namespace but this one and init, dead or alive. */
export async function others(): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  return pids.filter((pid) => pid !== process.pid && pid !== INIT);
}

/** Those that live: a zombie has no start time, and nothing can end it but its parent. */
async function alive(): Promise<number[]> {
  const found = await others();
  const times = await Promise.all(found.map(startTimeOf));
  return found.filter((_, index) => times[index] !== null);
}

/**
 * On the machine itself a signal to everything would end everything of this user.
 * @throws where this process is not in a process namespace of its own.
 */
export async function assertIsolated(): Promise<void> {
  if (await isIsolated()) return;
  throw new Error('this sandbox was said to be isolated, but its processes are in no namespace of their own');
}

/** Whether this process is in a process namespace of its own, as its init or started by it. */
export async function isIsolated(): Promise<boolean> {
  const isBelowInit = process.pid === INIT || process.ppid === INIT;
  return process.platform === 'linux' && isBelowInit && (await readlink('/proc/self/ns/pid')) !== OF_THE_MACHINE;
}
