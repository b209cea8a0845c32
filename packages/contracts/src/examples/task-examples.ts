import type { Examples } from './example.ts';
import * as sample from './sample-values.ts';
import { SAMPLE } from './sample-values.ts';

const id = SAMPLE.taskId;
const diffText =
  'diff --git a/src/parser.js b/src/parser.js\nnew file mode 100644\n--- /dev/null\n+++ b/src/parser.js\n@@ -0,0 +1 @@\n+export const parse = (text) => text;\n';
const diff = {
  text: diffText,
  nextCursor: null,
  commit: SAMPLE.commit,
  base: SAMPLE.baseCommit,
  files: [{ path: 'src/parser.js', added: 1, removed: 0 }],
  filesTotal: 1,
};
const landedOutcome = {
  outcome: 'landed' as const,
  landing: sample.landed,
  task: sample.landedTask,
  next: `It is on main as ${SAMPLE.landedAs}. Close the task.`,
};
const cursor = '1795426200000-0';

export const TASK_EXAMPLES = {
  createTask: {
    request: { name: 'fix the parser', prompt: 'Make the parser take empty input. Test it.' },
    answer: sample.queuedTask,
  },
  listTasks: {
    request: { limit: 50 },
    answer: { tasks: [sample.queuedTask], nextCursor: null, remaining: 1 },
  },
  getTask: { request: { id }, answer: sample.queuedTask },
  promptTask: {
    request: { id, prompt: 'Also take input with a byte order mark.' },
    answer: { ...sample.receipt, ordinal: 2, bytes: 39 },
  },
  waitForIdle: {
    request: { id, timeoutMs: 45_000 },
    answer: { outcome: 'signalled', activity: sample.signalledTask.activity, task: sample.signalledTask },
  },
  readDiff: { request: { id }, answer: diff },
  readOutput: {
    request: { id, tail: true },
    answer: {
      text: '12 tests passed\n',
      nextCursor: '1.0',
      form: 'text',
      attempt: 1,
      more: false,
      firstLine: 0,
      lines: 1,
      changingLines: 1,
      droppedLines: 0,
      skippedBytes: 0,
    },
  },
  mergeTask: { request: { id, message: 'Take empty input' }, answer: landedOutcome },
  reviewMerge: { request: { id, reviewedCommit: SAMPLE.commit }, answer: { ...landedOutcome, diff: null } },
  closeTask: {
    request: { id },
    answer: {
      outcome: 'closed',
      archiveRefs: [`refs/archive/${id}/1`],
      kept: [],
      task: {
        ...sample.landedTask,
        version: 14,
        deadline: null,
        sandboxes: [],
        activity: sample.queuedTask.activity,
        closing: { at: SAMPLE.at, reason: 'closed by coordinator' },
        lifecycle: {
          state: 'closed',
          end: { kind: 'cancelled', reason: 'closed by coordinator' },
          archiveRefs: [`refs/archive/${id}/1`],
          kept: [],
        },
      },
    },
  },
  waitSignal: {
    request: { timeoutMs: 45_000 },
    answer: {
      outcome: 'signal',
      notice: sample.notice,
      redelivered: false,
      remaining: 0,
      cursor: `${id}.${SAMPLE.noticeId}`,
    },
  },
  waitForEvents: {
    request: { kinds: ['signalled', 'ended', 'landed'], from: 'oldest', timeoutMs: 45_000 },
    answer: {
      outcome: 'events',
      events: [
        {
          taskId: id,
          coordinatorId: SAMPLE.coordinatorId,
          version: 7,
          attempt: 1,
          kinds: ['signalled', 'notice'],
          at: SAMPLE.at,
          cursor,
        },
      ],
      cursor,
      more: false,
    },
  },
  streamEvents: {
    request: { kinds: ['created'], from: 'oldest' },
    answer: {
      taskId: id,
      coordinatorId: SAMPLE.coordinatorId,
      version: 1,
      attempt: 1,
      kinds: ['created'],
      at: SAMPLE.at,
      cursor,
    },
  },
  answerDialog: {
    request: { id, dialogId: 'dialog-1', option: 0 },
    answer: {
      id: SAMPLE.answerId,
      dialogId: 'dialog-1',
      option: 0,
      label: 'Yes',
      by: 'coordinator',
      state: 'answered',
      reason: null,
      at: SAMPLE.at,
    },
  },
  listAgents: {
    request: { limit: 100 },
    answer: {
      agents: [
        {
          taskId: id,
          name: 'fix the parser',
          lifecycle: 'queued',
          activity: 'unknown',
          attention: null,
          updatedAt: SAMPLE.at,
        },
      ],
      nextCursor: null,
    },
  },
  signalDone: {
    request: { id, summary: 'The parser takes empty input.', result: { tests: 12 } },
    answer: {
      commit: SAMPLE.commit,
      branch: sample.branch,
      untracked: [],
      next: 'Your coordinator reviews it now. Stay: it may send another prompt.',
    },
  },
  landSelf: {
    request: { id, summary: 'The parser takes empty input.', result: { tests: 12 } },
    answer: {
      ...landedOutcome,
      task: {
        ...sample.landedTask,
        delivery: {
          state: 'pending',
          notice: { ...sample.notice, kind: 'landed', commit: SAMPLE.landedAs },
          returned: false,
          heard: false,
        },
      },
    },
  },
} as const satisfies Examples;
