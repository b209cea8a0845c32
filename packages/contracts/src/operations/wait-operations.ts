import { z } from 'zod';
import { Uuid } from '../ids.ts';
import { operation } from '../operation.ts';
import { Activity, Notice, Task } from '../task.ts';

/** How long a call may wait, milliseconds. No HTTP or MCP client cuts a call of less than a minute. */
export const WaitMs = z.int().min(0).max(55_000).default(45_000).describe('How long to wait at most, 0 to 55000 ms.');

const RequestId = Uuid.optional().describe('A UUID v4 of your choice: the same one again gives the same answer again.');

export const waitForIdle = operation({
  name: 'waitForIdle',
  method: 'POST',
  path: '/api/tasks/:id/wait',
  tag: 'tasks',
  summary: 'Wait until an agent needs something',
  description:
    'Returns when the agent is idle with no prompt under way, waits for input, has asked a question (answer_question), has signalled, has ended, could not be prompted, while a person holds its keyboard (human_control), or when the time is up. Idle is not done: only a signal is.',
  effect: 'read',
  waits: true,
  tool: 'wait_for_idle',
  input: z.object({ id: Uuid.describe('The task’s id.'), timeoutMs: WaitMs }),
  output: z.object({
    outcome: z.enum([
      'idle',
      'waiting_input',
      'question',
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

export const waitSignal = operation({
  name: 'waitSignal',
  method: 'POST',
  path: '/api/wait-signal',
  tag: 'tasks',
  summary: 'Wait for any sub-task’s signal',
  description:
    'Returns the next signal, landing or end of any of your sub-tasks, each once, and what else you must know: a "question" (answer it with answer_question), a "report", "control" that a person handed back with what they typed; at once with remaining 0 where nothing can come any more; outcome "timeout" when the time is up: call again. Pass the cursor of the answer before to acknowledge it; what is neither acknowledged nor acted upon is handed out again after two minutes.',
  effect: 'write',
  // Its requestId is the key: one of the body, since an MCP client repeats arguments, not headers.
  idempotencyKey: false,
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
    outcome: z.enum(['signal', 'landed', 'ended', 'question', 'report', 'control', 'nothing_live', 'timeout']),
    notice: Notice.nullable(),
    redelivered: z.boolean(),
    remaining: z.int().min(0).describe('How many of your sub-tasks are not settled.'),
    cursor: z.string(),
  }),
  errors: ['cursor_invalid', 'coordinator_required', 'version_conflict', 'idempotency_in_progress'],
});
