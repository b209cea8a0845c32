import { type PlacedEvent, RoundhouseError, type TaskEventKind } from '@roundhouse/contracts';
import type { FeedEvent } from '../ports/events.ts';
import type { Deps } from './deps.ts';

/** How many events are looked at in one read of the log, where a filter leaves some out. */
const BATCH = 200;

export interface EventFilter {
  readonly kinds?: readonly TaskEventKind[] | undefined;
  readonly taskIds?: readonly string[] | undefined;
}

export interface EventPage {
  readonly events: PlacedEvent[];
  /** Behind everything that was looked at, also what the filter left out. */
  readonly cursor: string;
  readonly more: boolean;
}

const passes = ({ kinds, taskIds }: EventFilter, { event }: FeedEvent): boolean =>
  (kinds === undefined || event.kinds.some((kind) => kinds.includes(kind))) &&
  (taskIds === undefined || taskIds.includes(event.taskId));

/**
 * The next events of a coordinator behind a cursor that pass a filter, at most `limit`, oldest first (I3).
 * @throws RoundhouseError `cursor_expired`, `cursor_invalid`
 */
export async function readEvents(
  { events: log }: Pick<Deps, 'events'>,
  coordinatorId: string,
  from: string,
  filter: EventFilter,
  limit: number,
): Promise<EventPage> {
  const size = filter.kinds === undefined && filter.taskIds === undefined ? limit : BATCH;
  const events: PlacedEvent[] = [];
  let cursor = from;
  // Ends: each round goes on behind the one before, up to the end of what is kept.
  for (;;) {
    const batch = await log.after(coordinatorId, cursor, size);
    if (batch.kind === 'unknown') throw new RoundhouseError('cursor_invalid', 'the cursor is not one of ours');
    if (batch.kind === 'expired')
      throw new RoundhouseError('cursor_expired', 'events that followed this cursor are not kept any more');
    for (const found of batch.events) {
      cursor = found.id;
      if (!passes(filter, found)) continue;
      events.push({ ...found.event, cursor });
      if (events.length === limit) return { events, cursor, more: !batch.end || found !== batch.events.at(-1) };
    }
    if (batch.end) return { events, cursor, more: false };
  }
}
