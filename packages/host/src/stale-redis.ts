import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from './logger.ts';
import { startTimeOf } from './process-table.ts';
import { runCommand } from './run-command.ts';

/** Its guard ends it within moments of the owner's death; writing its file may take longer. */
const GUARD_MS = 3_000;
const TERM_MS = 10_000;
const KILL_MS = 5_000;

/**
 * Ends the server that a dead owner left on a folder: its guard may be about to (waited for), or was killed too (then it
 * is done here). Only a process whose command line has our socket is touched: the pid may be another's by now.
 */
export async function endStaleRedis(folder: string, socket: string, log: Logger): Promise<void> {
  const file = join(folder, 'redis.pid');
  const pid = Number(await readFile(file, 'utf8').catch(() => ''));
  if (!Number.isInteger(pid) || pid <= 0) return;
  const startTime = await startTimeOf(pid);
  if (startTime !== null && (await commandLine(pid)).includes(socket)) {
    const isGone = (waitMs: number): Promise<boolean> => goneWithin(pid, startTime, waitMs);
    if (!(await isGone(GUARD_MS))) {
      log.warn({ pid, folder }, 'ending a Redis that an earlier owner left');
      process.kill(pid, 'SIGTERM');
      if (!(await isGone(TERM_MS))) process.kill(pid, 'SIGKILL');
      if (!(await isGone(KILL_MS)))
        throw new Error(`the Redis of an earlier owner (process ${pid}) on ${folder} does not end`);
    }
  }
  await rm(file, { force: true });
}

/** Redis writes its socket into its title. */
const commandLine = (pid: number): Promise<string> =>
  process.platform === 'linux'
    ? readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
    : runCommand('ps', ['-o', 'command=', '-ww', '-p', String(pid)], { timeoutMs: 5_000 }).catch(() => '');

/** It is no child of ours, so no event tells its end. */
async function goneWithin(pid: number, startTime: string, waitMs: number): Promise<boolean> {
  const end = Date.now() + waitMs;
  while ((await startTimeOf(pid)) === startTime) {
    if (Date.now() >= end) return false;
    await delay(20);
  }
  return true;
}
