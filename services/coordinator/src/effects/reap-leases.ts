import { LEASE } from '@roundhouse/contracts';
import type { Deps } from '../handlers/deps.ts';
import { readTask, transition } from '../handlers/transition.ts';

const EVERY_MS = 1_000;
const BATCH = 100;

/**
 * Ends the attempts whose lease ran out. A timer, since nothing happens when a runner falls silent. Begins one lease
 * after the start: while this service was down nobody could renew, and runners that live on connect again first.
 */
export function reapLeases(deps: Deps, signal: AbortSignal): void {
  let running = false;
  const reap = async (): Promise<void> => {
    if (running) return;
    running = true;
    try {
      for (const taskId of await deps.store.expiredLeases(BATCH)) {
        const { attempt } = await readTask(deps, taskId);
        deps.log.warn({ taskId, attempt }, 'a lease ran out');
        await transition(deps, taskId, { type: 'attempt_lost', attempt, reason: 'its runner fell silent' });
      }
    } catch (error) {
      deps.log.warn({ error }, 'leases could not be checked; the next check is in a second');
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
