import type { Deps } from '../handlers/deps.ts';
import { transition } from '../handlers/transition.ts';

const EVERY_MS = 1_000;
const BATCH = 100;

type Expiring = Pick<Deps, 'store' | 'clock' | 'log'>;

/**
 * Gives keyboards back whose hold has come to its end. One timer for all, over the instants that stand in a sorted set,
 * since nothing happens when a person walks away; in every process, and a second one finds it done.
 */
export function expireHolds(deps: Expiring, signal: AbortSignal): void {
  let running = false;
  const expire = async (): Promise<void> => {
    if (running) return;
    running = true;
    try {
      for (const taskId of await deps.store.expiredHolds(Date.parse(deps.clock.now()), BATCH)) {
        // One that cannot be ended must not keep the others from their end; it is tried again with the next look.
        await transition(deps, taskId, { type: 'control_expired' }).catch((error: unknown) =>
          deps.log.warn({ taskId, err: error }, 'a hold of the keyboard could not be ended'),
        );
      }
    } catch (error) {
      deps.log.warn({ err: error }, 'holds could not be looked at; the next look is in a second');
    } finally {
      running = false;
    }
  };
  const every = setInterval(() => void expire(), EVERY_MS);
  signal.addEventListener('abort', () => clearInterval(every), { once: true });
}
