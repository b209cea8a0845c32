import { z } from 'zod';
import { AgentSpec } from '../agent.ts';
import { Instant, Uuid } from '../ids.ts';
import { ImageName } from '../image.ts';
import { SomeLimits } from '../limits.ts';
import { listPage, NextCursor } from '../list-page.ts';
import { BranchName, TaskName } from '../names.ts';
import { DelaySeconds, NotificationEntry, NotificationSettings, WebhookState, WebhookUrl } from '../notification.ts';
import { operation } from '../operation.ts';
import { Coordinator } from '../project.ts';
import { PromptText } from '../prompt.ts';
import { Task } from '../task.ts';

const Ids = z.array(z.string().min(1).max(100)).max(200);

export const getNotifications = operation({
  name: 'getNotifications',
  method: 'GET',
  path: '/api/notifications',
  tag: 'events',
  summary: 'Show what you have not heard of yet',
  description:
    'The tasks of yours that finished, are idle, wait for an answer, failed or landed and were not acknowledged: one entry a task, its newest state, oldest first, by pages. What you act upon or acknowledge with the cursor of a wait goes by itself.',
  effect: 'read',
  tool: 'get_notifications',
  input: z.object(listPage({ max: 200, usual: 100 })),
  output: z.object({
    entries: z.array(NotificationEntry.extend({ dueAt: Instant.describe('When you are told of it, or told again.') })),
    nextCursor: NextCursor,
    nextDueAt: Instant.nullable().describe('When you are told next; null: the box is empty.'),
    heldByWait: z.boolean().describe('True while a wait of yours is open: nothing is told meanwhile.'),
    settings: NotificationSettings,
    webhook: WebhookState.nullable(),
  }),
  errors: ['coordinator_required', 'coordinator_not_found', 'cursor_invalid'],
});

const Left = z.object({ gone: z.int().min(0), pending: z.int().min(0).describe('How many are left.') });

export const acknowledgeNotifications = operation({
  name: 'acknowledgeNotifications',
  method: 'POST',
  path: '/api/notifications/acknowledge',
  tag: 'events',
  summary: 'Say that you know of these',
  description:
    'Entries that are not acknowledged are told again every five minutes. An id is of one state of one task: what has happened to the task since stays.',
  effect: 'write',
  tool: 'acknowledge_notifications',
  input: z.object({ ids: Ids.describe('The ids of entries.') }),
  output: Left,
  errors: ['coordinator_required', 'coordinator_not_found'],
});

export const dropNotifications = operation({
  name: 'dropNotifications',
  method: 'POST',
  path: '/api/notifications/drop',
  tag: 'events',
  summary: 'Empty the notification box',
  description: 'Forgets the named entries, or all of them: they are not told any more. Tasks and waits are untouched.',
  effect: 'write',
  input: z.object({ ids: Ids.optional().describe('The ids of entries; all by default.') }),
  output: Left,
  errors: ['coordinator_required', 'coordinator_not_found'],
});

export const configureNotifications = operation({
  name: 'configureNotifications',
  method: 'POST',
  path: '/api/notifications/config',
  tag: 'events',
  summary: 'Say how you are told',
  description:
    'What is not named stays. A new webhook address gets a new signing secret, which is shown this once; rotateSecret makes a new one for the same address.',
  effect: 'write',
  secret: true,
  input: z.object({
    delaySeconds: DelaySeconds.optional().describe('5 to 300; idle, waiting and landed tasks wait so long for others.'),
    webhookUrl: WebhookUrl.nullable().optional().describe('Where messages are posted to; null: nowhere.'),
    rotateSecret: z.boolean().default(false),
  }),
  output: z.object({
    settings: NotificationSettings,
    webhookSecret: z.string().nullable().describe('Null where it is the one of before, or there is none.'),
  }),
  errors: ['coordinator_required', 'coordinator_not_found', 'webhook_refused', 'version_conflict'],
});

export const runCoordinator = operation({
  name: 'runCoordinator',
  method: 'POST',
  path: '/api/coordinators/run',
  tag: 'coordinators',
  summary: 'Run an agent as a coordinator',
  description:
    'Makes a coordinator, and a task of yours whose agent is that coordinator: in its MCP configuration are the tools of the new coordinator and, as a second server, its own signal_done. It hears of its sub-tasks by prompts that are typed to it. Its token ends with its attempt; its sub-tasks outlive it. Its own work lands like that of any task.',
  effect: 'write',
  status: 201,
  input: z.object({
    name: TaskName,
    prompt: PromptText,
    agent: AgentSpec.optional().describe('The project’s own by default.'),
    projectId: Uuid.optional().describe('Your own project by default.'),
    baseBranch: BranchName.optional(),
    image: ImageName.optional(),
    limits: SomeLimits.optional(),
  }),
  output: z.object({ coordinator: Coordinator, task: Task }),
  errors: [
    'prompt_too_large',
    'coordinator_required',
    'coordinator_not_found',
    'project_not_found',
    'branch_not_found',
    'budget_exhausted',
    'git_failed',
  ],
});
