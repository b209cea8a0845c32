import { z } from 'zod';
import { Instant, Uuid } from '../ids.ts';
import { operation } from '../operation.ts';
import { waitForEvents } from './event-operations.ts';
import { WaitMs, waitForIdle, waitSignal } from './wait-operations.ts';

/** How long a kept wait may last, and lasts where nothing is said, milliseconds. Nothing is held open for it. */
export const MAX_KEPT_WAIT_MS = 21_600_000;
export const DEFAULT_KEPT_WAIT_MS = 3_600_000;
/** How long its answer can be asked for after its time, milliseconds. */
export const KEPT_ANSWER_MS = 600_000;

/** How many waits a token may keep open at once; of those that are over as many are kept, the last ones. */
export const MAX_KEPT_WAITS = 256;

/** The waits that can be kept. */
export const KEPT_WAITS = ['waitSignal', 'waitForIdle', 'waitForEvents'] as const;

/** A wait of the API without its time: that is the kept wait's own. */
export const WaitedFor = z.discriminatedUnion('operation', [
  z.object({ operation: z.literal('waitSignal'), input: waitSignal.input.omit({ timeoutMs: true }) }),
  z.object({ operation: z.literal('waitForIdle'), input: waitForIdle.input.omit({ timeoutMs: true }) }),
  z.object({ operation: z.literal('waitForEvents'), input: waitForEvents.input.omit({ timeoutMs: true }) }),
]);
export type WaitedFor = z.infer<typeof WaitedFor>;

/** What a wait that is kept answers: to the byte what the wait itself does. */
export const WaitAnswer = z.union([waitSignal.output, waitForIdle.output, waitForEvents.output]);
export type WaitAnswer = z.infer<typeof WaitAnswer>;

export const KeptWait = z
  .object({
    id: Uuid,
    state: z.enum(['waiting', 'answered', 'cancelled']),
    createdAt: Instant,
    updatedAt: Instant,
    until: Instant.describe('When it is answered with "timeout" at the latest.'),
    forgottenAt: Instant.describe('From then on there is no such wait.'),
    answer: WaitAnswer.nullable(),
  })
  .meta({ id: 'KeptWait' });
export type KeptWait = z.infer<typeof KeptWait>;

export const keepWait = operation({
  name: 'keepWait',
  method: 'POST',
  path: '/api/waits',
  tag: 'tasks',
  summary: 'Keep a wait',
  description: `Keeps a wait of yours under an id, for hours where you like, with nothing held open: readWait asks for its answer. A token keeps at most ${MAX_KEPT_WAITS} that are open, and of those that are over the last ${MAX_KEPT_WAITS}. What the cursor of wait-signal acknowledges is acknowledged now; events are those from now on.`,
  effect: 'write',
  status: 201,
  input: z.object({
    wait: WaitedFor,
    forMs: z.int().min(0).max(MAX_KEPT_WAIT_MS).default(DEFAULT_KEPT_WAIT_MS).describe('How long to wait at most, ms.'),
  }),
  output: KeptWait,
  errors: [
    'task_not_found',
    'cursor_invalid',
    'cursor_expired',
    'waits_full',
    'coordinator_required',
    'version_conflict',
  ],
});

export const readWait = operation({
  name: 'readWait',
  method: 'POST',
  path: '/api/waits/:id',
  tag: 'tasks',
  summary: 'Ask for the answer of a kept wait',
  description:
    'Answers the kept wait with its answer as soon as there is one, else as it stands when the time is up. Once answered it answers the same until it is forgotten. Only the token that keeps it may ask. One call at a time waits: others are answered at once.',
  effect: 'write',
  // The kept wait’s own id is the key: it is answered once, and then the same.
  idempotencyKey: false,
  waits: true,
  input: z.object({ id: Uuid.describe('The kept wait’s id.'), timeoutMs: WaitMs }),
  output: KeptWait,
  errors: [
    'wait_not_found',
    'task_not_found',
    'cursor_invalid',
    'cursor_expired',
    'coordinator_required',
    'version_conflict',
    'idempotency_in_progress',
  ],
});

export const cancelWait = operation({
  name: 'cancelWait',
  method: 'DELETE',
  path: '/api/waits/:id',
  tag: 'tasks',
  summary: 'Cancel a kept wait',
  description: 'Ends a kept wait without an answer; what it had not given out is there for the next wait.',
  effect: 'write',
  input: z.object({ id: Uuid.describe('The kept wait’s id.') }),
  output: KeptWait,
  errors: ['wait_not_found', 'coordinator_required', 'version_conflict'],
});
