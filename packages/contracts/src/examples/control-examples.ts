import type { Examples } from './example.ts';
import * as sample from './sample-values.ts';
import { SAMPLE } from './sample-values.ts';

const id = SAMPLE.taskId;
const until = '2026-11-23T09:40:00.000Z';
const second = { ...sample.receipt, ordinal: 2, bytes: 45 };
const question = 'Which of the two parsers is meant?';
const options = ['the strict one', 'the lenient one'];
const report = {
  id: SAMPLE.reportId,
  attempt: 1,
  kind: 'partial' as const,
  text: 'Empty input is done; a byte order mark is next.',
  at: SAMPLE.at,
};

export const CONTROL_EXAMPLES = {
  setControl: {
    request: { id, holder: 'human', forMs: 600_000 },
    answer: {
      ...sample.runningTask,
      control: { holder: 'human', who: { tokenId: SAMPLE.tokenId, label: 'my laptop' }, until },
    },
  },
  typeInput: {
    request: { id, text: 'git status\r' },
    answer: { id: SAMPLE.inputId, ordinal: 1, bytes: 11, waiting: 1 },
  },
  editPrompt: {
    request: { id, promptId: SAMPLE.promptId, prompt: 'Also take input with a byte order mark, tested.' },
    answer: { ...second, revision: 2, held: true },
  },
  withdrawPrompt: {
    request: { id, promptId: SAMPLE.promptId },
    answer: { ...second, state: 'withdrawn', revision: 2 },
  },
  askQuestion: {
    request: { id, question, options, timeoutMs: 0, requestId: SAMPLE.questionId },
    answer: {
      outcome: 'open',
      requestId: SAMPLE.questionId,
      answer: null,
      by: null,
      next: `Nobody has answered yet. Call ask again with the same question and requestId ${SAMPLE.questionId}.`,
    },
  },
  answerQuestion: {
    request: { id, questionId: SAMPLE.questionId, answer: 'the strict one' },
    answer: {
      id: SAMPLE.questionId,
      attempt: 1,
      text: question,
      options,
      at: SAMPLE.at,
      outcome: {
        state: 'answered',
        text: 'the strict one',
        by: 'coordinator',
        answerId: SAMPLE.answerId,
        at: SAMPLE.at,
      },
    },
  },
  makeReport: {
    request: { id, kind: 'partial', text: report.text },
    answer: {
      id: SAMPLE.reportId,
      at: SAMPLE.at,
      next: 'It is told. Go on with what you can; ask waits for an answer.',
    },
  },
  readReports: { request: { id, limit: 2 }, answer: { reports: [report], kept: 1 } },
} as const satisfies Examples;
