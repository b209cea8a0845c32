import { DEFAULT_LIMITS } from '../limits.ts';
import type { Examples } from './example.ts';
import * as sample from './sample-values.ts';
import { SAMPLE } from './sample-values.ts';

const { memoryMb, cpus, pids, diskMb } = DEFAULT_LIMITS;
const limits = { memoryMb, cpus, pids, diskMb };
const attempt = { taskId: SAMPLE.taskId, attempt: 1 };
const hubObjects = `/var/lib/roundhouse/coordinator/hubs/${SAMPLE.projectId}.git/objects`;

export const SERVICE_EXAMPLES = {
  createProject: {
    request: { path: SAMPLE.path, name: 'parser', author: { name: 'Ada', email: 'ada@example.org' } },
    answer: sample.project,
  },
  listProjects: { request: { limit: 100 }, answer: { projects: [sample.project], nextCursor: null } },
  createCoordinator: {
    request: { name: 'parser work', projectId: SAMPLE.projectId },
    answer: { coordinator: sample.coordinator, token: SAMPLE.token },
  },
  listCoordinators: { request: { limit: 100 }, answer: { coordinators: [sample.coordinator], nextCursor: null } },
  createToken: {
    request: { role: 'coordinator', coordinatorId: SAMPLE.coordinatorId, label: 'my laptop' },
    answer: { token: SAMPLE.token, info: sample.tokenInfo },
  },
  listTokens: { request: { limit: 100 }, answer: { tokens: [sample.tokenInfo], nextCursor: null } },
  revokeToken: {
    request: { id: SAMPLE.tokenId },
    answer: { ...sample.tokenInfo, revokedAt: SAMPLE.at },
  },
  whoami: { request: {}, answer: { role: 'coordinator', coordinatorId: SAMPLE.coordinatorId } },
  getHealth: { request: {}, answer: { status: 'ok', version: '0.1.0', redisMs: 0.2 } },
  claimAttempt: {
    request: attempt,
    answer: {
      assignment: sample.assignment,
      runnerToken: SAMPLE.token.replace('coordinator', 'runner'),
      hubObjects,
      image: null,
      limits,
    },
  },
  reconcileAttempts: {
    request: { sandboxes: [attempt] },
    answer: { wanted: [{ ...attempt, want: 'run', stopSinceMs: 0 }] },
  },
  archiveAttempt: {
    request: attempt,
    answer: {
      archived: false,
      projectId: SAMPLE.projectId,
      ref: `refs/archive/${SAMPLE.taskId}/1`,
      token: SAMPLE.token.replace('coordinator', 'runner'),
    },
  },
  reportGone: { request: { ...attempt, kept: null, reason: null }, answer: { ok: true } },
  reportLauncher: {
    request: sample.launcher,
    answer: {
      prepare: [{ projectId: SAMPLE.projectId, image: null, limits, hubObjects, headCommit: SAMPLE.baseCommit }],
    },
  },
  listLaunchers: { request: { limit: 100 }, answer: { launchers: [sample.launcher], nextCursor: null } },
} as const satisfies Examples;
