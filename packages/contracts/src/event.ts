import { z } from 'zod';
import { Uuid, Instant } from './ids.ts';
import { NotificationMessage } from './notification.ts';

/** The kinds of events that a coordinator's stream carries. */
export const TaskEventKind = z.enum([
  'created',
  'admission',
  'quota',
  'starting',
  'running',
  'retrying',
  'resumed',
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
  'question',
  'report',
  'notification',
]);
export type TaskEventKind = z.infer<typeof TaskEventKind>;

/**
 * One fact about one task. `version` is the record's version that it brought about; of a `notification`, which is about all
 * that its message names, it is the version that the first entry tells of.
 */
export const TaskEvent = z.object({
  taskId: Uuid,
  coordinatorId: Uuid,
  version: z.int().min(1),
  attempt: z.int().min(0),
  kinds: z.array(TaskEventKind).min(1),
  control: z
    .object({ by: z.enum(['coordinator', 'human']) })
    .optional()
    .describe('Of the kind "control": whose the keyboard is from then on. "human" also where a person typed.'),
  at: Instant,
  notification: NotificationMessage.optional().describe('Of the kind notification: what the coordinator was told.'),
});
export type TaskEvent = z.infer<typeof TaskEvent>;
