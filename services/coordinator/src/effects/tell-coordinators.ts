import type { Deps } from '../handlers/deps.ts';
import { canBeToldByTyping } from '../domain/notifications.ts';

const EVERY_MS = 1_000;
const BATCH = 10_000;

type Telling = Pick<Deps, 'notifications' | 'registry' | 'store' | 'clock' | 'log'>;

/**
 * Tells coordinators what is due. One timer, since time alone makes it so: the instants stand in a sorted set that is
 * looked at every second, as the leases are. Any number of processes may look; what one claims no other gets. Resolves
 * once it has stopped.
 */
export function tellCoordinators(deps: Telling, signal: AbortSignal): Promise<void> {
  let looking: Promise<void> | null = null;
  const look = async (): Promise<void> => {
    try {
      for (const coordinatorId of await deps.notifications.due(BATCH)) {
        if (signal.aborted) return;
        await tell(deps, coordinatorId);
      }
    } catch (error) {
      deps.log.warn({ err: error }, 'coordinators could not be told; the next look is in a second');
    }
  };
  const every = setInterval(() => {
    looking ??= look().finally(() => (looking = null));
  }, EVERY_MS);
  return new Promise((resolve) => {
    const stop = (): void => {
      clearInterval(every);
      void (looking ?? Promise.resolve()).then(resolve);
    };
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
}

async function tell({ notifications, registry, store, clock, log }: Telling, coordinatorId: string): Promise<void> {
  const hostTaskId = (await registry.coordinator(coordinatorId))?.hostTaskId ?? null;
  if (hostTaskId !== null) {
    const host = await store.read(hostTaskId);
    // Put off rather than looked at every second: the commit after which it can be told brings it forward.
    if (host === null || !canBeToldByTyping(host, clock.now())) return await notifications.postpone(coordinatorId);
  }
  const message = await notifications.claim(coordinatorId, clock.nextId(), clock.now());
  if (message !== null)
    log.debug({ coordinatorId, messageId: message.id, entries: message.entries.length }, 'a coordinator is told');
}
