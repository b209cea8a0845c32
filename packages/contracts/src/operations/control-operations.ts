import { z } from 'zod';
import { Uuid } from '../ids.ts';
import { operation } from '../operation.ts';
import { PromptReceipt, PromptText } from '../prompt.ts';
import { Task } from '../task.ts';

const id = Uuid.describe('The task’s id.');
const promptId = Uuid.describe('The prompt’s id, as its receipt has it.');

export const setControl = operation({
  name: 'setControl',
  method: 'POST',
  path: '/api/tasks/:id/control',
  tag: 'tasks',
  summary: 'Take, keep or hand back the keyboard',
  description:
    'While a person holds the keyboard, prompts are held, and landing and close are refused with human_control. Taken again by its holder the hold is renewed; somebody else’s is refused with human_control unless "force" is given. The hold ends by itself, and what was held goes on.',
  effect: 'write',
  input: z.object({
    id,
    holder: z.enum(['coordinator', 'human']),
    forMs: z.int().min(1_000).max(86_400_000).default(600_000).describe('How long the hold lasts from now, ms.'),
    force: z.boolean().default(false).describe('Take it from, or end it for, another person who holds it.'),
  }),
  output: Task,
  errors: ['task_not_found', 'task_closed', 'human_control', 'version_conflict'],
});

export const typeInput = operation({
  name: 'typeInput',
  method: 'POST',
  path: '/api/tasks/:id/input',
  tag: 'tasks',
  summary: 'Type into the terminal',
  description:
    'For the person who holds the keyboard: the characters go into the terminal as they are, control characters and escape sequences included, each once and in order. Text that the terminal does not show (a password) is kept nowhere.',
  effect: 'write',
  input: z.object({
    id,
    text: z
      .string()
      .min(1)
      .refine((text) => text.isWellFormed(), 'it has half of a surrogate pair in it')
      .describe('At most 4 KiB of UTF-8; Enter is "\\r", Ctrl-C "\\u0003", Up "\\u001b[A".'),
  }),
  output: z.object({
    id: Uuid,
    ordinal: z.int().min(1).describe('1 for the first thing that was typed into this task.'),
    bytes: z.int().min(1),
    waiting: z.int().min(0).describe('How many inputs, this one included, the runner has not typed yet.'),
  }),
  errors: [
    'task_not_found',
    'task_ended',
    'task_closed',
    'human_control',
    'control_not_held',
    'no_terminal',
    'input_too_large',
    'input_queue_full',
    'version_conflict',
  ],
});

const RECALL_ERRORS = [
  'task_not_found',
  'prompt_not_found',
  'prompt_not_queued',
  'task_ended',
  'task_closed',
  'runner_away',
  'version_conflict',
] as const;

export const editPrompt = operation({
  name: 'editPrompt',
  method: 'POST',
  path: '/api/tasks/:id/prompts/:promptId',
  tag: 'tasks',
  summary: 'Change a prompt that is queued',
  description:
    'Puts another text in the place of one that the agent has not been given. Refused with prompt_not_queued from the moment that it is being typed; an answer that says otherwise means that the old text is never delivered.',
  effect: 'write',
  waits: true,
  tool: 'edit_prompt',
  input: z.object({ id, promptId, prompt: PromptText }),
  output: PromptReceipt,
  errors: [...RECALL_ERRORS, 'prompt_too_large'],
});

export const withdrawPrompt = operation({
  name: 'withdrawPrompt',
  method: 'DELETE',
  path: '/api/tasks/:id/prompts/:promptId',
  tag: 'tasks',
  summary: 'Withdraw a prompt that is queued',
  description:
    'Takes back a prompt that the agent has not been given; refused with prompt_not_queued from the moment that it is being typed. Asked twice, it answers the same.',
  effect: 'destructive',
  waits: true,
  tool: 'withdraw_prompt',
  input: z.object({ id, promptId }),
  output: PromptReceipt,
  errors: RECALL_ERRORS,
});
