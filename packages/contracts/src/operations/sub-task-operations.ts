import { z } from 'zod';
import { ObjectId, OwnTaskId as id } from '../ids.ts';
import { operation } from '../operation.ts';
import { LandOutcome } from './review-operations.ts';

const summary = z.string().max(4_000).optional().describe('What was done, in a few sentences, for whoever reviews it.');
const result = z
  .unknown()
  .optional()
  .describe(
    'The result as JSON, at most 64 KiB, for whoever builds on it; get_inputs shows the schema that it must match.',
  );

export const signalDone = operation({
  name: 'signalDone',
  method: 'POST',
  path: '/api/tasks/:id/done',
  tag: 'sub-task',
  summary: 'Say that the task is done',
  description:
    'Pushes the branch’s HEAD and tells the coordinator that this commit is the finished work. Commit everything first: uncommitted changes to tracked files are refused with their names.',
  effect: 'write',
  waits: true,
  tool: 'signal_done',
  input: z.object({ id, summary, result }),
  output: z.object({
    commit: ObjectId,
    branch: z.string(),
    untracked: z.array(z.string()).describe('Files that are not part of the commit.'),
    next: z.string(),
  }),
  errors: [
    'task_not_found',
    'done_token_invalid',
    'result_invalid',
    'result_too_large',
    'uncommitted_changes',
    'publish_failed',
    'instructions_in_commit',
    'runner_away',
    'task_ended',
    'task_closed',
    'attempt_stale',
    'version_conflict',
  ],
});

export const landSelf = operation({
  name: 'landSelf',
  method: 'POST',
  path: '/api/tasks/:id/land',
  tag: 'sub-task',
  summary: 'Signal and land your own work',
  description:
    'Like signal_done, then lands the commit on the base branch. The outcome "conflicted" names the files: merge the base branch (git fetch origin, git merge origin/<base>), commit, and call it again.',
  effect: 'write',
  waits: true,
  tool: 'land_self',
  input: z.object({ id, summary, result }),
  output: LandOutcome,
  errors: [
    'task_not_found',
    'done_token_invalid',
    'land_self_not_allowed',
    'result_invalid',
    'result_too_large',
    'uncommitted_changes',
    'publish_failed',
    'instructions_in_commit',
    'runner_away',
    'task_ended',
    'task_closed',
    'attempt_stale',
    'already_landing',
    'human_control',
    'git_failed',
    'version_conflict',
  ],
});
