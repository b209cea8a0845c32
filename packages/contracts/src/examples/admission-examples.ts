import type { Breaker } from '../breaker.ts';
import type { CoordinatorStanding } from '../operations/admission-operations.ts';
import type { Examples } from './example.ts';
import * as sample from './sample-values.ts';
import { SAMPLE } from './sample-values.ts';

const standing: CoordinatorStanding = {
  coordinator: sample.coordinator,
  tasks: {
    created: 3,
    running: 1,
    queued: 1,
    held: { dependencies: 1, failed_dependency: 0, paused: 0, concurrency: 0, budget: 0, quota: 0 },
    remaining: 2,
    settled: 1,
  },
  used: { tasks: 3, wallClockSeconds: 1_240 },
  house: { running: 1, maxRunning: null },
};

const breaker: Breaker = {
  kind: 'command',
  state: 'open',
  reason: 'the plan is used up for today',
  openedAt: SAMPLE.at,
  until: '2026-11-24T00:00:00.000Z',
  retryAt: null,
  reportedBy: null,
  trialTaskId: null,
};
const closed = { state: 'closed', reason: null, openedAt: null, until: null } as const;

export const ADMISSION_EXAMPLES = {
  setDependencies: {
    request: {
      id: SAMPLE.laterTaskId,
      dependsOn: [{ taskId: SAMPLE.taskId, until: 'signalled' }],
      onDependencyFailure: 'hold',
    },
    answer: {
      ...sample.queuedTask,
      id: SAMPLE.laterTaskId,
      dependsOn: [{ taskId: SAMPLE.taskId, until: 'signalled' }],
      onDependencyFailure: 'hold',
      admission: { state: 'held', why: 'dependencies', reason: 'waits for fix the parser', until: null },
      attention: 'waits for fix the parser',
    },
  },
  readResult: {
    request: { id: SAMPLE.taskId },
    answer: { text: '{"tests":12}', nextCursor: null, commit: SAMPLE.commit, bytes: 12, schema: null },
  },
  getInputs: {
    request: { id: SAMPLE.laterTaskId },
    answer: {
      inputs: [
        {
          taskId: SAMPLE.taskId,
          name: 'fix the parser',
          until: 'signalled',
          commit: SAMPLE.commit,
          summary: 'The parser takes empty input.',
          result: { tests: 12 },
          resultBytes: 12,
          schema: null,
        },
      ],
      page: null,
      resultSchema: null,
    },
  },
  getCoordinator: { request: {}, answer: standing },
  pauseCoordinator: {
    request: {},
    answer: { ...standing, coordinator: { ...sample.coordinator, paused: { at: SAMPLE.at, by: 'coordinator' } } },
  },
  resumeCoordinator: { request: {}, answer: standing },
  updateCoordinator: {
    request: { id: SAMPLE.coordinatorId, maxRunning: 4, budget: { tasks: 200 } },
    answer: { ...sample.coordinator, maxRunning: 4, budget: { tasks: 200, wallClockSeconds: null } },
  },
  listBreakers: { request: {}, answer: { breakers: [{ ...breaker, ...closed, kind: 'scripted' }] } },
  setBreaker: {
    request: {
      kind: 'command',
      state: 'open',
      until: '2999-11-24T00:00:00.000Z',
      reason: 'the plan is used up for today',
    },
    answer: { ...breaker, until: '2999-11-24T00:00:00.000Z' },
  },
} as const satisfies Examples;
