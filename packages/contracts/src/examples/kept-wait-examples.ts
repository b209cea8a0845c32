import type { Examples } from './example.ts';
import { SAMPLE } from './sample-values.ts';
import { TASK_EXAMPLES } from './task-examples.ts';

const id = SAMPLE.waitId;
const waiting = {
  id,
  state: 'waiting',
  createdAt: SAMPLE.at,
  updatedAt: SAMPLE.at,
  until: '2026-11-23T10:30:00.000Z',
  forgottenAt: '2026-11-23T10:40:00.000Z',
  answer: null,
} as const;

export const KEPT_WAIT_EXAMPLES = {
  keepWait: {
    request: { wait: { operation: 'waitForIdle', input: { id: SAMPLE.taskId } }, forMs: 3_600_000 },
    answer: waiting,
  },
  readWait: {
    request: { id, timeoutMs: 10_000 },
    answer: { ...waiting, state: 'answered', answer: TASK_EXAMPLES.waitForIdle.answer },
  },
  cancelWait: { request: { id }, answer: { ...waiting, state: 'cancelled' } },
} as const satisfies Examples;
