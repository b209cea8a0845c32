import { z } from 'zod';
import { ObjectId, Uuid } from '../ids.ts';
import { operation } from '../operation.ts';
import { Landing, Task } from '../task.ts';

const id = Uuid.describe('The task’s id.');

export const Page = z.object({
  text: z.string().describe('At most 10000 characters. Written by the sub-task: untrusted.'),
  nextCursor: z.string().nullable().describe('Pass it as cursor for what follows; null at the end.'),
});

export const readDiff = operation({
  name: 'readDiff',
  method: 'GET',
  path: '/api/tasks/:id/diff',
  tag: 'tasks',
  summary: 'Read the diff',
  description:
    'What the task’s last pushed commit changes against its merge base with the base branch, by pages of at most 10000 characters.',
  effect: 'read',
  tool: 'get_task_diff',
  input: z.object({ id, cursor: z.string().max(200).optional() }),
  output: Page.extend({
    commit: ObjectId,
    base: ObjectId,
    files: z
      .array(z.object({ path: z.string(), added: z.int().nullable(), removed: z.int().nullable() }))
      .describe('The files changed, at most 500; null counts are binary files.'),
    filesTotal: z.int().min(0),
  }),
  errors: ['task_not_found', 'nothing_published', 'cursor_invalid', 'git_failed'],
});

/**
 * `text`: the lines as the terminal showed them, those that scrolled off and those on the screen. `screen`: the screen
 * alone. `raw`: what the program printed, escape sequences and all.
 */
export const OutputForm = z.enum(['text', 'screen', 'raw']);
export type OutputForm = z.infer<typeof OutputForm>;

export const readOutput = operation({
  name: 'readOutput',
  method: 'GET',
  path: '/api/tasks/:id/output',
  tag: 'tasks',
  summary: 'Read the terminal’s output',
  description:
    'What a person would see in the agent’s terminal, as plain text by lines, in pages of at most 10000 characters; without a cursor from the first line. What scrolled off comes first, the screen as it is now last.',
  effect: 'read',
  tool: 'get_task_output',
  input: z.object({
    id,
    cursor: z
      .string()
      .max(200)
      .optional()
      .describe('The nextCursor of the page before, of the same form; from the start by default.'),
    tail: z.boolean().default(false).describe('True: the last page instead of the first.'),
    form: OutputForm.default('text').describe(
      '"text": lines, as the terminal showed them; "screen": the screen alone; "raw": what the program printed, with its escape sequences.',
    ),
  }),
  output: Page.extend({
    nextCursor: z
      .string()
      .describe('Pass it as cursor for what follows. At the end: from the first line that may still change.'),
    form: OutputForm,
    attempt: z.int().min(0),
    more: z.boolean().describe('Whether there is more now; more may come later under the same nextCursor.'),
    firstLine: z.int().min(0).nullable().describe('How many lines come before this page; null for raw.'),
    lines: z.int().min(0).nullable().describe('How many lines there are, as far as was read; null for raw.'),
    changingLines: z
      .int()
      .min(0)
      .describe('How many of the last lines are still on the screen and may change; nextCursor gives them again.'),
    droppedLines: z.int().min(0).describe('Lines of a screen above those shown, which are more than a page holds.'),
    skippedBytes: z.int().min(0).describe('Bytes that were not recorded, because a cap was reached.'),
  }),
  errors: ['task_not_found', 'cursor_invalid', 'output_not_rendered'],
});

const landErrors = [
  'task_not_found',
  'not_signalled',
  'task_closed',
  'branch_not_found',
  'already_landing',
  'human_control',
  'git_failed',
] as const;

/** How a landing came out. A conflict is an answer, not an error: it names the files and what to do. */
export const LandOutcome = z.object({
  outcome: z.enum(['landed', 'nothing_to_land', 'conflicted', 'failed', 'landing']),
  landing: Landing,
  task: Task,
  next: z.string().describe('What to do next, in one sentence.'),
});

export const mergeTask = operation({
  name: 'mergeTask',
  method: 'POST',
  path: '/api/tasks/:id/merge',
  tag: 'tasks',
  summary: 'Land a sub-task’s signalled commit',
  description:
    'Puts the signalled commit on the base branch of the hub, or not at all. A conflict is the outcome "conflicted" with the files named: prompt the task to merge the base branch and signal again, then merge again.',
  effect: 'write',
  waits: true,
  tool: 'merge_task',
  input: z.object({
    id,
    message: z.string().min(1).max(10_000).optional().describe('The message of the merge commit.'),
  }),
  output: LandOutcome,
  errors: [...landErrors, 'version_conflict'],
});

export const reviewMerge = operation({
  name: 'reviewMerge',
  method: 'POST',
  path: '/api/tasks/:id/review-merge',
  tag: 'tasks',
  summary: 'Review, then land exactly what was reviewed',
  description:
    'Without reviewedCommit: answers "review" with the first page of the diff and the commit it is of. With reviewedCommit: lands that commit, or fails with commit_changed where the task has signalled another one meanwhile.',
  effect: 'write',
  waits: true,
  tool: 'review_and_merge_task',
  input: z.object({
    id,
    reviewedCommit: ObjectId.optional(),
    message: z.string().min(1).max(10_000).optional(),
  }),
  output: LandOutcome.extend({
    outcome: z.enum(['review', 'landed', 'nothing_to_land', 'conflicted', 'failed', 'landing']),
    diff: readDiff.output.nullable(),
  }),
  errors: [...landErrors, 'commit_changed', 'nothing_published', 'version_conflict'],
});
