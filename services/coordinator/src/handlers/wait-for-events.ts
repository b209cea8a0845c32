import type { InputOf, OPERATIONS, OutputOf, TaskEventKind } from '@roundhouse/contracts';
import { actingFor } from './access.ts';
import type { Caller, Deps } from './deps.ts';
import { toldByWait } from './notifications/told-by-wait.ts';
import { readEvents } from './read-events.ts';
import { watch } from './watch.ts';

type Operation = typeof OPERATIONS.waitForEvents;

/** The events whose tasks may have an entry in the notification box because of them. */
const NEWS: readonly TaskEventKind[] = ['activity', 'prompt', 'notice', 'ended', 'landed'];

/** Reads on from a cursor, and waits where there is nothing yet. It leaves no trace: neither waiting nor reading is stored. */
export async function waitForEvents(
  deps: Deps,
  caller: Caller,
  { cursor: given, from, kinds, taskIds, limit, timeoutMs }: InputOf<Operation>,
): Promise<OutputOf<Operation>> {
  const coordinatorId = actingFor(caller);
  let cursor = given ?? (await deps.events.placeOf(coordinatorId, from));
  const found = await watch(
    { subscribe: (listener) => deps.feed.onCoordinator(coordinatorId, listener), timeoutMs, signal: caller.signal },
    async () => {
      const page = await readEvents(deps, coordinatorId, cursor, { kinds, taskIds }, limit);
      ({ cursor } = page);
      return page.events.length === 0 ? null : page;
    },
  );
  if (found === null) return { outcome: 'timeout', events: [], cursor, more: false };
  await toldByWait(
    deps,
    caller,
    found.events.filter(({ kinds: of }) => of.some((kind) => NEWS.includes(kind))),
  );
  return { outcome: 'events', ...found };
}
