import { LEASE } from '@roundhouse/contracts';
import { limitReason } from '../domain/limits.ts';
import type { Deps } from '../handlers/deps.ts';
import { readTask, transition } from '../handlers/transition.ts';

const EVERY_MS = 1_000;
const BATCH = 100;

type Reaping = Pick<Deps, 'store' | 'clock' | 'log'>;

/**
 * Ends the attempts whose lease or whose time ran out. One timer for all, since nothing happens when a runner falls
 * silent or an agent goes on for ever. Begins one lease after the start: while this service was down nobody could renew or
 * report, and runners that live on connect again first.
 */
export function reapAttempts(deps: Reaping, signal: AbortSignal): void {
  let running = false;
  const reap = async (): Promise<void> => {
    if (running) return;
    running = true;
    try {
      await reapOnce(deps);
    } catch (error) {
      deps.log.warn({ err: error }, 'attempts could not be checked; the next check is in a second');
    } finally {
      running = false;
    }
  };
  const first = setTimeout(() => {
    const every = setInterval(() => void reap(), EVERY_MS);
    signal.addEventListener('abort', () => clearInterval(every), { once: true });
  }, LEASE.ttlMs);
  signal.addEventListener('abort', () => clearTimeout(first), { once: true });
}

/** One look: ends every attempt whose lease or time ran out by now, 100 of each at most. */
export async function reapOnce(deps: Reaping): Promise<void> {
  await each(deps, await deps.store.expiredLeases(BATCH), endSilent);
  await each(deps, await deps.store.overdue(Date.parse(deps.clock.now()), BATCH), endOverdue);
}

/** One that cannot be ended must not keep the others from their end; it is tried again with the next check. */
async function each(
  deps: Reaping,
  taskIds: readonly string[],
  endOne: (deps: Reaping, taskId: string) => Promise<void>,
): Promise<void> {
  for (const taskId of taskIds) {
    await endOne(deps, taskId).catch((error: unknown) =>
      deps.log.warn({ taskId, err: error }, 'an attempt could not be ended'),
    );
  }
}

async function endSilent(deps: Reaping, taskId: string): Promise<void> {
  const { attempt } = await readTask(deps, taskId);
  deps.log.warn({ taskId, attempt }, 'a lease ran out');
  await transition(deps, taskId, { type: 'attempt_lost', attempt, reason: 'its runner fell silent' });
}

async function endOverdue(deps: Reaping, taskId: string): Promise<void> {
  const { attempt, deadline, limits } = await readTask(deps, taskId);
  // It may have ended, and even have begun anew, since the deadlines were read.
  if (deadline === null || deadline > deps.clock.now()) return;
  deps.log.info({ taskId, attempt, deadline }, 'an attempt has run for as long as it may');
  const reason = limitReason('timeout', limits);
  await transition(deps, taskId, { type: 'limit_hit', attempt, limit: 'timeout', reason });
}
