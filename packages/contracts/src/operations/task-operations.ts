import { z } from 'zod';
import { DEFAULT_PRIORITY, Dependencies, OnDependencyFailure, Priority, ResultSchema } from '../admission.ts';
import { AgentSpec } from '../agent.ts';
import { Instant, Uuid } from '../ids.ts';
import { ImageName } from '../image.ts';
import { SomeLimits } from '../limits.ts';
import { listPage, NextCursor } from '../list-page.ts';
import { BranchName, TaskName } from '../names.ts';
import { operation } from '../operation.ts';
import { PromptReceipt, PromptText } from '../prompt.ts';
import { Task } from '../task.ts';

const id = Uuid.describe('The task’s id.');

export const createTask = operation({
  name: 'createTask',
  method: 'POST',
  path: '/api/tasks',
  tag: 'tasks',
  summary: 'Create a sub-task',
  description:
    'Starts an agent with a prompt in a git worktree and terminal of its own, on a new branch off the base branch. Answers at once; wait_for_signal_done tells when it is done. Where it cannot start yet, "admission" says what it waits for; it starts by itself then.',
  effect: 'write',
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
    limits: SomeLimits.optional().describe('What differs from the project’s limits.'),
    image: ImageName.optional().describe('The container image to work in (glibc and git); the project’s by default.'),
    priority: Priority.default(DEFAULT_PRIORITY).describe('0 to 9: where places are few, the highest starts first.'),
    dependsOn: Dependencies.default([]).describe(
      'Tasks of yours that must have landed (or signalled) before this one starts. It starts from the base branch as that is then.',
    ),
    onDependencyFailure: OnDependencyFailure.default('fail').describe(
      'Where a dependency comes to nothing: end this task too, or hold it until set_dependencies or close_task.',
    ),
    resultSchema: ResultSchema.optional(),
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
    'git_failed',
    'task_not_found',
    'budget_exhausted',
    'result_schema_invalid',
  ],
});

export const listTasks = operation({
  name: 'listTasks',
  method: 'GET',
  path: '/api/tasks',
  tag: 'tasks',
  summary: 'List sub-tasks',
  description: 'Your sub-tasks, newest first, by pages.',
  effect: 'read',
  tool: 'list_tasks',
  input: z.object(listPage({ max: 100, usual: 50 })),
  output: z.object({ tasks: z.array(Task), nextCursor: NextCursor, remaining: z.int().min(0) }),
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
    'Tells the agent something more, byte for byte. The receipt goes queued, written, accepted (or undelivered, with the screen). "held": a person holds the keyboard; it is delivered by itself when that is over.',
  effect: 'write',
  tool: 'send_prompt',
  input: z.object({ id, prompt: PromptText }),
  output: PromptReceipt,
  errors: ['task_not_found', 'prompt_too_large', 'task_ended', 'task_closed', 'prompt_queue_full', 'version_conflict'],
});

export const closeTask = operation({
  name: 'closeTask',
  method: 'DELETE',
  path: '/api/tasks/:id',
  tag: 'tasks',
  summary: 'Close a sub-task',
  description:
    'Stops the agent with its whole process tree, keeps its work (uncommitted and untracked files too) under an archive ref, and frees the rest. Asked twice, it answers the same. Nothing committed is lost.',
  effect: 'destructive',
  waits: true,
  tool: 'close_task',
  input: z.object({ id }),
  output: z.object({
    outcome: z.enum(['closed', 'closing']),
    archiveRefs: z.array(z.string()),
    kept: z.array(z.string()),
    task: Task,
  }),
  errors: ['task_not_found', 'human_control', 'version_conflict'],
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
  effect: 'read',
  input: z.object(listPage({ max: 200, usual: 100 })),
  output: z.object({ agents: z.array(AgentRow), nextCursor: NextCursor }),
  errors: ['cursor_invalid'],
});
