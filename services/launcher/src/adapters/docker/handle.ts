import { AttemptNumber, ImageName, SandboxLimits, SandboxProfile, SlotName, Uuid } from '@roundhouse/contracts';
import { z } from 'zod';

/**
 * How far an attempt's sandbox has come. `starting`: its runner may not have been started. `assigning`: it was warm, and
 * its runner may not have heard of the attempt. `begun`: its runner runs it, or did. `over`: its container is a warm one
 * again, in another slot; this one has what it left, to be reported and deleted.
 */
const AttemptSubject = z.object({
  kind: z.literal('attempt'),
  taskId: Uuid,
  attempt: AttemptNumber,
  phase: z.enum(['starting', 'assigning', 'begun', 'over']),
});
const WarmSubject = z.object({
  kind: z.literal('warm'),
  warmId: Uuid,
  profile: SandboxProfile,
  uses: z.int().min(0).default(0).describe('How many attempts it has had.'),
});

/**
 * What a launcher that was restarted knows of one sandbox. It is written before the thing it speaks of is done, so that
 * nothing is ever there that no handle speaks of, and it lies where no sandbox can write.
 */
export const Handle = z.object({
  slot: SlotName,
  subject: z.discriminatedUnion('kind', [AttemptSubject, WarmSubject]),
  image: ImageName,
  limits: SandboxLimits,
  hubObjects: z.string().nullable(),
  /** The name of the file in the box that its runner deletes once read; null where it gets it otherwise. */
  configFile: z.string().nullable(),
  /** Which runner tree it runs from. */
  tree: z.string(),
  createdAt: z.iso.datetime(),
});
export type Handle = z.infer<typeof Handle>;
export type AttemptSubject = z.infer<typeof AttemptSubject>;
export type WarmSubject = z.infer<typeof WarmSubject>;
export type HandleOf<S> = Omit<Handle, 'subject'> & { readonly subject: S };
