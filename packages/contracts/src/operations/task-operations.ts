import { z } from 'zod';
import { AgentSpec } from '../agent.ts';
import { Instant, ObjectId, Uuid } from '../ids.ts';
import { BranchName, TaskName } from '../names.ts';
import { operation } from '../operation.ts';
import { PromptReceipt, PromptText } from '../prompt.ts';
import { Activity, Landing, Limits, Notice, Task } from '../task.ts';

const OWNERS = ['operator', 'coordinator'] as const;
const id = Uuid.describe('The task’s id.');

/** How long a call may wait, milliseconds. No HTTP or MCP client cuts a call of less than a minute. */
export const WaitMs = z.int().min(0).max(55_000).default(45_000).describe('How long to wait at most, 0 to 55000 ms.');

const RequestId = Uuid.optional().describe('A UUID v4 of your choice: the same one again gives the same answer again.');

export const createTask = operation({
  name: 'createTask',
  method: 'POST',
  path: '/api/tasks',
  tag: 'tasks',
  summary: 'Create a sub-task',
  description:
    'Starts an agent with a prompt in a git worktree and terminal of its own, on a new branch off the base branch. Answers at once; wait_for_signal_done tells when it is done.',
  roles: OWNERS,
  effect: 'write',
  idempotencyKey: true,
  status: 201,
  tool: 'create_task',
  input: z.object({
    name: TaskName,
    prompt: PromptText,
    projectId: Uuid.optional().describe('The project to work on; the coordinator’s own by default.'),
    baseBranch: BranchName.optional().describe(
      'The branch to start from and to land on; the project’s default branch by default.',
    ),
    agent: AgentSpec.optional().describe('The agent; the project’s default agent by default.'),
    limits: Limits.optional(),
    allowLandSelf: z.boolean().default(true).describe('Whether the sub-task may land its own work with land_self.'),
    coordinatorTaskId: Uuid.optional().describe(
      'Ignored, but refused where it names another coordinator than the token’s.',
    ),
  }),
  output: Task,
  errors: [
    'prompt_too_large',
    'branch_not_found',
    'project_not_found',
    'coordinator_required',
    'coordinator_not_found',
  ],
});

export const listTasks = operation({
  name: 'listTasks',
  method: 'GET',
  path: '/api/tasks',
  tag: 'tasks',
  summary: 'List sub-tasks',
  description: 'Your sub-tasks, newest first, by pages.',
  roles: OWNERS,
  effect: 'read',
  tool: 'list_tasks',
  input: z.object({
    cursor: z.string().max(200).optional().describe('The nextCursor of the page before.'),
    limit: z.int().min(1).max(100).default(50),
  }),
  output: z.object({ tasks: z.array(Task), nextCursor: z.string().nullable(), remaining: z.int().min(0) }),
  errors: ['cursor_invalid'],
});

export const getTask = operation({
  name: 'getTask',
  method: 'GET',
  path: '/api/tasks/:id',
  tag: 'tasks',
  summary: 'Show one sub-task',
  description:
    'Where the sub-task stands: lifecycle, activity with its evidence, completion, landing, prompts with receipts.',
  roles: OWNERS,
  effect: 'read',
  tool: 'get_task_status',
  input: z.object({ id }),
  output: Task,
  errors: ['task_not_found'],
});

export const promptTask = operation({
  name: 'promptTask',
  method: 'POST',
  path: '/api/tasks/:id/prompt',
  tag: 'tasks',
  summary: 'Send a prompt',
  description:
    'Tells the agent something more, byte for byte. The receipt goes queued, written, accepted (or undelivered, with the screen).',
  roles: OWNERS,
  effect: 'write',
  idempotencyKey: true,
  tool: 'send_prompt',
  input: z.object({ id, prompt: PromptText }),
  output: PromptReceipt,
  errors: ['task_not_found', 'prompt_too_large', 'task_ended', 'task_closed', 'prompt_queue_full', 'human_control'],
});

export const waitForIdle = operation({
  name: 'waitForIdle',
  method: 'POST',
  path: '/api/tasks/:id/wait',
  tag: 'tasks',
  summary: 'Wait until an agent needs something',
  description:
    'Returns when the agent is idle with no prompt under way, waits for input, has signalled, has ended, could not be prompted, or the time is up. Idle is not done: only a signal is.',
  roles: OWNERS,
  effect: 'read',
  waits: true,
  tool: 'wait_for_idle',
  input: z.object({ id, timeoutMs: WaitMs }),
  output: z.object({
    outcome: z.enum([
      'idle',
      'waiting_input',
      'signalled',
      'undelivered',
      'ended',
      'closed',
      'human_control',
      'timeout',
    ]),
    activity: Activity,
    task: Task,
  }),
  errors: ['task_not_found'],
});

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
  roles: OWNERS,
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
  errors: ['task_not_found', 'nothing_published', 'cursor_invalid'],
});

export const readOutput = operation({
  name: 'readOutput',
  method: 'GET',
  path: '/api/tasks/:id/output',
  tag: 'tasks',
  summary: 'Read the terminal’s output',
  description:
    'What the agent’s terminal printed, escape sequences removed, by pages of at most 10000 characters. Negative tail counts from the end.',
  roles: OWNERS,
  effect: 'read',
  tool: 'get_task_output',
  input: z.object({
    id,
    cursor: z.string().max(200).optional().describe('The nextCursor of the page before; from the start by default.'),
    tail: z.boolean().default(false).describe('True: the last page instead of the first.'),
    raw: z.boolean().default(false).describe('True: keep escape sequences.'),
  }),
  output: Page.extend({
    attempt: z.int().min(0),
    more: z.boolean().describe('Whether there is more now; more may come later under the same nextCursor.'),
    skippedBytes: z.int().min(0).describe('Bytes that were not recorded, because a cap was reached.'),
  }),
  errors: ['task_not_found', 'cursor_invalid'],
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
  roles: OWNERS,
  effect: 'write',
  idempotencyKey: true,
  waits: true,
  tool: 'merge_task',
  input: z.object({
    id,
    message: z.string().min(1).max(10_000).optional().describe('The message of the merge commit.'),
  }),
  output: LandOutcome,
  errors: landErrors,
});

export const reviewMerge = operation({
  name: 'reviewMerge',
  method: 'POST',
  path: '/api/tasks/:id/review-merge',
  tag: 'tasks',
  summary: 'Review, then land exactly what was reviewed',
  description:
    'Without reviewedCommit: answers "review" with the first page of the diff and the commit it is of. With reviewedCommit: lands that commit, or fails with commit_changed where the task has signalled another one meanwhile.',
  roles: OWNERS,
  effect: 'write',
  idempotencyKey: true,
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
  errors: [...landErrors, 'commit_changed', 'nothing_published'],
});

export const closeTask = operation({
  name: 'closeTask',
  method: 'DELETE',
  path: '/api/tasks/:id',
  tag: 'tasks',
  summary: 'Close a sub-task',
  description:
    'Stops the agent with its whole process tree, keeps its work (uncommitted and untracked files too) under an archive ref, and frees the rest. Asked twice, it answers the same. Nothing committed is lost.',
  roles: OWNERS,
  effect: 'destructive',
  idempotencyKey: true,
  waits: true,
  tool: 'close_task',
  input: z.object({ id }),
  output: z.object({
    outcome: z.enum(['closed', 'closing']),
    archiveRefs: z.array(z.string()),
    kept: z.array(z.string()),
    task: Task,
  }),
  errors: ['task_not_found', 'human_control'],
});

export const waitSignal = operation({
  name: 'waitSignal',
  method: 'POST',
  path: '/api/wait-signal',
  tag: 'tasks',
  summary: 'Wait for any sub-task’s signal',
  description:
    'Returns the next signal, landing or end of any of your sub-tasks, each once; at once with remaining 0 where nothing can come any more; outcome "timeout" when the time is up: call again. Pass the cursor of the answer before to acknowledge it; what is neither acknowledged nor acted upon is handed out again after two minutes.',
  roles: OWNERS,
  effect: 'write',
  waits: true,
  tool: 'wait_for_signal_done',
  input: z.object({
    timeoutMs: WaitMs,
    cursor: z
      .string()
      .max(200)
      .optional()
      .describe('The cursor of the answer before: acknowledges what it handed out.'),
    requestId: RequestId,
  }),
  output: z.object({
    outcome: z.enum(['signal', 'landed', 'ended', 'nothing_live', 'timeout']),
    notice: Notice.nullable(),
    redelivered: z.boolean(),
    remaining: z.int().min(0).describe('How many of your sub-tasks are not settled.'),
    cursor: z.string(),
  }),
  errors: ['cursor_invalid', 'coordinator_required'],
});

export const setControl = operation({
  name: 'setControl',
  method: 'POST',
  path: '/api/tasks/:id/control',
  tag: 'tasks',
  summary: 'Take or hand back the keyboard',
  description:
    'While a human holds control, the coordinator’s prompts, landing and close are refused with human_control. The hold ends by itself.',
  roles: ['operator'],
  effect: 'write',
  input: z.object({
    id,
    holder: z.enum(['coordinator', 'human']),
    forMs: z.int().min(1_000).max(86_400_000).default(600_000),
  }),
  output: Task,
  errors: ['task_not_found', 'task_closed'],
});

export const AgentRow = z.object({
  taskId: Uuid,
  name: z.string(),
  lifecycle: z.string(),
  activity: z.string(),
  attention: z.string().nullable(),
  updatedAt: Instant,
});

export const listAgents = operation({
  name: 'listAgents',
  method: 'GET',
  path: '/api/agents',
  tag: 'tasks',
  summary: 'Glance at all agents',
  description: 'A read-only list for a phone: names and states, no output, no prompts.',
  roles: ['operator', 'mobile'],
  effect: 'read',
  input: z.object({ limit: z.int().min(1).max(200).default(100) }),
  output: z.object({ agents: z.array(AgentRow) }),
});
