import { z } from 'zod';
import { Instant, OwnTaskId, Uuid } from '../ids.ts';
import { operation } from '../operation.ts';
import {
  AnswerText,
  AskedQuestion,
  KEPT_REPORTS,
  QuestionOption,
  QuestionText,
  Report,
  ReportKind,
  ReportText,
} from '../voice.ts';

const id = Uuid.describe('The task’s id.');
const RequestId = Uuid.optional().describe(
  'A UUID v4 of your choice: the same one again is the same request, and gives the same answer.',
);

export const askQuestion = operation({
  name: 'askQuestion',
  method: 'POST',
  path: '/api/tasks/:id/ask',
  tag: 'sub-task',
  summary: 'Ask whoever directs you',
  description:
    'Puts a question, with options where there are some, to your coordinator or a person, and waits for the answer. Outcome "open": nobody has answered yet; call again with the same question and the requestId of the answer. What you may decide yourself, decide.',
  effect: 'write',
  // Its requestId is the key: one of the body, since an MCP client repeats arguments, not headers.
  idempotencyKey: false,
  waits: true,
  tool: 'ask',
  input: z.object({
    id: OwnTaskId,
    question: QuestionText,
    options: z.array(QuestionOption).max(32).default([]).describe('Answers to choose from, at most 32.'),
    timeoutMs: z.int().min(0).max(55_000).default(45_000).describe('How long to wait for the answer, 0 to 55000 ms.'),
    requestId: RequestId,
  }),
  output: z.object({
    outcome: z.enum(['answered', 'open']),
    requestId: Uuid.describe('Pass it to ask for the answer again.'),
    answer: z.string().nullable(),
    by: z.enum(['coordinator', 'human']).nullable(),
    next: z.string(),
  }),
  errors: [
    'task_not_found',
    'questions_full',
    'question_over',
    'task_ended',
    'task_closed',
    'attempt_stale',
    'version_conflict',
  ],
});

export const answerQuestion = operation({
  name: 'answerQuestion',
  method: 'POST',
  path: '/api/tasks/:id/questions/:questionId',
  tag: 'tasks',
  summary: 'Answer a question',
  description:
    'Answers a question of a sub-task: one of its options, or anything else. The first answer counts and every later one is refused with question_answered; the same requestId again answers the same. A person’s hold of the keyboard does not stand in the way.',
  effect: 'write',
  tool: 'answer_question',
  input: z.object({
    id,
    questionId: Uuid.describe('The question’s id, as the notice or the status has it.'),
    answer: AnswerText,
    requestId: RequestId,
  }),
  output: AskedQuestion,
  errors: ['task_not_found', 'question_not_found', 'question_answered', 'question_over', 'version_conflict'],
});

export const makeReport = operation({
  name: 'makeReport',
  method: 'POST',
  path: '/api/tasks/:id/reports',
  tag: 'sub-task',
  summary: 'Report besides done',
  description:
    '"partial": how far you are. "blocked": what you cannot go on without. "out_of_scope": what you found that is not your task. It changes nothing else; go on with what you can. To be answered, use ask.',
  effect: 'write',
  idempotencyKey: false,
  tool: 'report',
  input: z.object({ id: OwnTaskId, kind: ReportKind, text: ReportText, requestId: RequestId }),
  output: z.object({ id: Uuid, at: Instant, next: z.string() }),
  errors: ['task_not_found', 'task_ended', 'task_closed', 'attempt_stale', 'version_conflict'],
});

export const readReports = operation({
  name: 'readReports',
  method: 'GET',
  path: '/api/tasks/:id/reports',
  tag: 'tasks',
  summary: 'Read a sub-task’s reports',
  description: 'What the sub-task told besides done, whole, the last first. Kept are the last 20.',
  effect: 'read',
  tool: 'get_task_reports',
  input: z.object({ id, limit: z.int().min(1).max(KEPT_REPORTS).default(2).describe('How many at most, 1 to 20.') }),
  output: z.object({ reports: z.array(Report), kept: z.int().min(0) }),
  errors: ['task_not_found'],
});
