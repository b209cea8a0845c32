import { z } from 'zod';
import { TaskEvent, TaskEventKind } from '../event.ts';
import { Uuid } from '../ids.ts';
import { operation } from '../operation.ts';
import { WaitMs } from './wait-operations.ts';

/** How many events one answer carries at most. */
export const MAX_EVENTS = 100;

/** One event of a coordinator's stream with its place in it: going on from there begins with the next one. */
export const PlacedEvent = TaskEvent.extend({
  cursor: z.string().describe('The place of this event; pass it as cursor to go on after it.'),
}).meta({ id: 'Event' });
export type PlacedEvent = z.infer<typeof PlacedEvent>;

const filter = {
  kinds: z
    .array(TaskEventKind)
    .max(TaskEventKind.options.length)
    .optional()
    .describe('Only events of at least one of these kinds; all by default.'),
  taskIds: z.array(Uuid).max(100).optional().describe('Only events of these tasks; of all by default.'),
  cursor: z
    .string()
    .max(64)
    .optional()
    .describe('The cursor of an earlier answer: goes on right after it. It is kept for about 10000 events.'),
  from: z
    .enum(['now', 'oldest'])
    .default('now')
    .describe('Where to begin without a cursor: with what happens from now on, or with the oldest event that is kept.'),
};

export const waitForEvents = operation({
  name: 'waitForEvents',
  method: 'POST',
  path: '/api/wait-events',
  tag: 'events',
  summary: 'Wait for events of your sub-tasks',
  description:
    'Returns what has happened to your sub-tasks since the cursor, oldest first, at once where there is something, else as soon as there is, else outcome "timeout" when the time is up. Always pass the cursor of the answer before: then you see every event exactly once. It consumes nothing: any number of readers see all.',
  effect: 'read',
  waits: true,
  tool: 'wait_for_events',
  input: z.object({ ...filter, limit: z.int().min(1).max(MAX_EVENTS).default(MAX_EVENTS), timeoutMs: WaitMs }),
  output: z.object({
    outcome: z.enum(['events', 'timeout']),
    events: z.array(PlacedEvent),
    cursor: z.string().describe('Pass it to the next call.'),
    more: z.boolean().describe('Whether there are more already.'),
  }),
  errors: ['cursor_invalid', 'cursor_expired', 'coordinator_required'],
});

export const streamEvents = operation({
  name: 'streamEvents',
  method: 'GET',
  path: '/api/events',
  tag: 'events',
  summary: 'Stream events of your sub-tasks',
  description:
    'Server-sent events, one for each event of your sub-tasks; `id` is its cursor, `data` the event as JSON. Where the connection is cut, come again with the last id in Last-Event-ID (which goes before the cursor of the query): nothing is missed or repeated. Comments are sent meanwhile as heartbeats. Before the service ends a stream itself it sends an event of type "end" whose data is an error body that says why.',
  effect: 'read',
  stream: true,
  input: z.object(filter),
  output: PlacedEvent,
  errors: ['cursor_invalid', 'cursor_expired', 'coordinator_required', 'stopping'],
});
