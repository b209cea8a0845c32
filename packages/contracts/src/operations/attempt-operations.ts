import { z } from 'zod';
import { Assignment } from '../link.ts';
import { AttemptNumber, Uuid } from '../ids.ts';
import { ImageName } from '../image.ts';
import { LauncherState, SandboxProfile } from '../launcher.ts';
import { LimitKind, SandboxLimits } from '../limits.ts';
import { listPage, NextCursor } from '../list-page.ts';
import { operation } from '../operation.ts';

const Attempt = { taskId: Uuid, attempt: AttemptNumber };

/** What launchers and the coordinator say to each other. Idempotent: a launcher that restarts says it all again. */
export const claimAttempt = operation({
  name: 'claimAttempt',
  method: 'POST',
  path: '/api/attempts/claim',
  tag: 'attempts',
  summary: 'Claim an attempt that the queue handed over',
  description:
    'Moves the task from queued to starting. The same claim again, before the runner has connected, answers with new tokens for the same attempt.',
  effect: 'write',
  secret: true,
  input: z.object(Attempt),
  output: z.object({
    assignment: Assignment,
    runnerToken: z.string(),
    hubObjects: z.string(),
    image: ImageName.nullable(),
    limits: SandboxLimits,
  }),
  errors: ['attempt_stale', 'task_not_found', 'version_conflict', 'git_failed'],
});

export const reconcileAttempts = operation({
  name: 'reconcileAttempts',
  method: 'POST',
  path: '/api/attempts/reconcile',
  tag: 'attempts',
  summary: 'Say which sandboxes there are, hear which should be',
  description:
    'For each sandbox that the launcher has: "run" (leave it), "stop" (the runner is winding down; end it after stopSinceMs has passed a grace) or "destroy".',
  effect: 'read',
  input: z.object({ sandboxes: z.array(z.object(Attempt)).max(1_000) }),
  output: z.object({
    wanted: z.array(z.object({ ...Attempt, want: z.enum(['run', 'stop', 'destroy']), stopSinceMs: z.int().min(0) })),
  }),
});

export const archiveAttempt = operation({
  name: 'archiveAttempt',
  method: 'POST',
  path: '/api/attempts/archive',
  tag: 'attempts',
  summary: 'Ask whether an attempt’s work is kept already',
  description: 'Answers archived, or a token that may write the attempt’s archive ref, for a runner in archive mode.',
  effect: 'write',
  secret: true,
  input: z.object(Attempt),
  output: z.object({
    archived: z.boolean(),
    projectId: Uuid,
    ref: z.string(),
    token: z.string().nullable().describe('Null where it is archived already.'),
  }),
  errors: ['task_not_found', 'git_failed'],
});

export const reportGone = operation({
  name: 'reportGone',
  method: 'POST',
  path: '/api/attempts/gone',
  tag: 'attempts',
  summary: 'Report that a sandbox is gone',
  description:
    'Every process of the attempt is gone and its folder is removed, or named in kept where its work could not be archived.',
  effect: 'write',
  input: z.object({
    ...Attempt,
    kept: z.string().nullable(),
    reason: z.string().max(1_000).nullable(),
    limit: LimitKind.nullable().default(null).describe('The limit that the sandbox was killed for, where it was.'),
  }),
  output: z.object({ ok: z.literal(true) }),
  errors: ['version_conflict'],
});

export const reportLauncher = operation({
  name: 'reportLauncher',
  method: 'POST',
  path: '/api/launchers',
  tag: 'attempts',
  summary: 'Say how a launcher is, hear what to prepare for',
  description:
    'Kept for 15 s: a launcher that falls silent counts as gone. While no launcher is ready, queued tasks say why they wait. Answers what attempts may soon ask for, the most likely first, so that sandboxes and checkouts can be prepared ahead.',
  effect: 'write',
  input: LauncherState,
  output: z.object({ prepare: z.array(SandboxProfile).max(20) }),
  errors: ['git_failed'],
});

export const listLaunchers = operation({
  name: 'listLaunchers',
  method: 'GET',
  path: '/api/launchers',
  tag: 'attempts',
  summary: 'List launchers',
  description: 'The launchers that reported within the last 15 s, by host, by pages.',
  effect: 'read',
  input: z.object(listPage({ max: 200, usual: 100 })),
  output: z.object({ launchers: z.array(LauncherState), nextCursor: NextCursor }),
  errors: ['cursor_invalid'],
});
