import { z } from 'zod';
import { AttemptNumber, Uuid } from './ids.ts';

/** The BullMQ queue that hands attempts over to launchers, and the hash tag that all our keys share. */
export const ATTEMPT_QUEUE = 'attempts';
export const KEY_PREFIX = '{rh}';

/** All that a job carries: the truth is in the task's record. */
export const AttemptJob = z.object({ taskId: Uuid, attempt: AttemptNumber });
export type AttemptJob = z.infer<typeof AttemptJob>;

/** BullMQ refuses ids with ":" and ids that are integers. */
export const attemptJobId = (job: AttemptJob): string => `${job.taskId}-${job.attempt}`;
