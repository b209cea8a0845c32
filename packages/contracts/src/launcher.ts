import { z } from 'zod';
import { ObjectId, Uuid } from './ids.ts';
import { ImageName } from './image.ts';
import { SandboxLimits } from './limits.ts';

/** How a launcher is; it says so every 5 s and whenever `ready` changes. */
export const LauncherState = z
  .object({
    id: Uuid.describe('Made anew at each start of the launcher.'),
    host: z.string().max(255),
    sandboxes: z.enum(['process', 'docker']),
    ready: z.boolean(),
    reason: z.string().max(1_000).nullable().describe('Why it is not ready, in one sentence.'),
    slots: z.int().min(0),
    running: z.int().min(0),
    warm: z.int().min(0).describe('Sandboxes that run ahead of their attempt, ready to be handed one.'),
    worktrees: z.enum(['checkout', 'overlay']),
    note: z.string().max(1_000).nullable().describe('What it cannot do here, e.g. why worktrees are not overlays.'),
  })
  .meta({ id: 'Launcher' });
export type LauncherState = z.infer<typeof LauncherState>;

/** How long a launcher's word counts, and how often it is given, milliseconds. */
export const LAUNCHER_TIMES = { ttlMs: 15_000, everyMs: 5_000 } as const;

/** All that a sandbox can be made ready for before its attempt is known. Nothing in it is secret. */
export const SandboxProfile = z.object({
  projectId: Uuid,
  image: ImageName.nullable(),
  limits: SandboxLimits,
  hubObjects: z.string(),
  headCommit: ObjectId.nullable().describe('Where the project’s default branch is now.'),
});
export type SandboxProfile = z.infer<typeof SandboxProfile>;
