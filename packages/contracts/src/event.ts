import { z } from 'zod';
import { Uuid, Instant } from './ids.ts';

/** The kinds of events that a coordinator's stream carries. */
export const TaskEventKind = z.enum([
  'created',
  'admission',
  'quota',
  'starting',
  'running',
  'retrying',
  'ended',
  'sandbox_gone',
  'closing',
  'closed',
  'activity',
  'prompt',
  'publish',
  'dialog',
  'signalled',
  'signal_refused',
  'notice',
  'landing',
  'landed',
  'conflicted',
  'land_failed',
  'control',
]);
export type TaskEventKind = z.infer<typeof TaskEventKind>;

/** One fact about one task. `version` is the record's version that it brought about. */
export const TaskEvent = z.object({
  taskId: Uuid,
  coordinatorId: Uuid,
  version: z.int().min(1),
  attempt: z.int().min(0),
  kinds: z.array(TaskEventKind).min(1),
  at: Instant,
});
export type TaskEvent = z.infer<typeof TaskEvent>;
