import { z } from 'zod';

/** A UUID of version 4 in its lower-case text form (RFC 9562 §5.4). Every id of ours has this form. */
export const Uuid = z
  .string()
  .regex(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/, 'not a UUID v4 in lower case')
  .meta({ format: 'uuid' });
export type Uuid = z.infer<typeof Uuid>;

/** The number of one run of a task: 1, 2, … It is the fencing token of everything that run writes. */
export const AttemptNumber = z.int().min(1).max(1_000_000);
export type AttemptNumber = z.infer<typeof AttemptNumber>;

/** A git object id in full, SHA-1 or SHA-256 (gitformat-pack(5)). */
export const ObjectId = z.string().regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/, 'a full git object id in lower case');
export type ObjectId = z.infer<typeof ObjectId>;

/** An instant, ISO 8601 in UTC with milliseconds. */
export const Instant = z.iso.datetime();
export type Instant = z.infer<typeof Instant>;

/**
 * In the place of an id: the coordinator (in the header) or the task (in a sub-task's paths) that the token itself is bound to.
 * Who holds nothing but a token need not ask first whose it is.
 */
export const SELF = 'self';

/** A sub-task's own task. */
export const OwnTaskId = z.union([z.literal(SELF), Uuid]).describe('The task’s id: your own, or `self`.');
