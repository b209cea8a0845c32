import { DEFAULT_LIMITS } from '../limits.ts';
import type { LauncherState } from '../launcher.ts';
import type { Assignment } from '../link.ts';
import { DEFAULT_NOTIFICATION_SETTINGS } from '../notification.ts';
import type { Coordinator, Project } from '../project.ts';
import type { PromptReceipt } from '../prompt.ts';
import type { Landing, Notice, Signal, Task } from '../task.ts';
import type { TokenInfo } from '../token.ts';

/** The ids, commits and secrets of the examples. A test that runs them puts real ones in their place. */
export const SAMPLE = {
  taskId: '5f0c1d52-7a38-4f0e-9a67-1c2d3e4f5a6b',
  laterTaskId: '6a1b2c3d-8e9f-4a0b-9c1d-2e3f4a5b6c7d',
  coordinatorId: '0b9d7c1e-2f4a-4c6b-8d3e-5a7f9b1c3d5e',
  projectId: 'c3d4e5f6-a1b2-4c3d-9e8f-7a6b5c4d3e2f',
  tokenId: '9a8b7c6d-5e4f-4a3b-8c2d-1e0f9a8b7c6d',
  launcherId: '1f2e3d4c-5b6a-4978-8695-a4b3c2d1e0f9',
  promptId: '2b1c0d9e-8f7a-4b6c-9d5e-4f3a2b1c0d9e',
  signalId: '7e6d5c4b-3a29-4181-9706-f5e4d3c2b1a0',
  questionId: '8d7c6b5a-4938-4271-8605-94f3e2d1c0b9',
  answerId: '3c4d5e6f-7081-4923-a4b5-c6d7e8f90a1b',
  reportId: 'a9b8c7d6-e5f4-4321-8a0b-1c2d3e4f5a60',
  inputId: 'b0c1d2e3-f405-4162-9738-495a6b7c8d9e',
  noticeId: '4c3b2a19-0817-4625-8433-2211ffeeddcc',
  waitId: 'd1e2f3a4-b5c6-4d7e-8f90-a1b2c3d4e5f6',
  baseCommit: '3b18e512dba79e4c8300dd08aeb37f8e728b8dad',
  commit: '9fceb02d0ae598e95dc970b74767f19372d61af8',
  landedAs: 'e83c5163316f89bfbde7d9ab23ca2e25604af290',
  token: `rh_coordinator_9a8b7c6d5e4f4a3b8c2d1e0f9a8b7c6d_${'example-'.repeat(5)}xxx`,
  pin: '483920',
  path: '/srv/git/parser',
  api: 'http://127.0.0.1:7420',
  at: '2026-11-23T09:30:00.000Z',
} as const;

const { at } = SAMPLE;

export const branch = 'task/fix-the-parser-5f0c1d52';

export const receipt: PromptReceipt = {
  id: SAMPLE.promptId,
  ordinal: 1,
  bytes: 40,
  state: 'queued',
  at,
  revision: 1,
  held: false,
};

export const queuedTask: Task = {
  id: SAMPLE.taskId,
  version: 1,
  coordinatorId: SAMPLE.coordinatorId,
  projectId: SAMPLE.projectId,
  name: 'fix the parser',
  hosts: null,
  branch,
  baseBranch: 'main',
  agent: { kind: 'scripted' },
  limits: DEFAULT_LIMITS,
  image: null,
  deadline: null,
  priority: 5,
  dependsOn: [],
  onDependencyFailure: 'fail',
  resultSchema: null,
  admission: { state: 'admitted', at },
  allowLandSelf: true,
  createdAt: at,
  updatedAt: at,
  attempt: 1,
  lifecycle: { state: 'queued' },
  sandboxes: [],
  closing: null,
  activity: { state: 'unknown', evidence: 'none', question: null, at },
  completion: { state: 'none' },
  delivery: { state: 'none' },
  landing: { state: 'none' },
  control: { holder: 'coordinator' },
  typed: null,
  questions: [],
  reports: [],
  resumes: [],
  prompts: [receipt],
  settled: false,
  attention: null,
};

const signal: Signal = {
  id: SAMPLE.signalId,
  epoch: 1,
  commit: SAMPLE.commit,
  summary: 'The parser takes empty input.',
  afterPrompt: 1,
  result: { tests: 12 },
  resultBytes: 12,
  at,
};

export const notice: Notice = {
  id: SAMPLE.noticeId,
  taskId: SAMPLE.taskId,
  taskName: 'fix the parser',
  kind: 'signal',
  epoch: 1,
  commit: SAMPLE.commit,
  summary: 'The parser takes empty input.',
  end: null,
  question: null,
  report: null,
  typed: null,
  at,
};

export const runningTask: Task = {
  ...queuedTask,
  version: 6,
  lifecycle: { state: 'running', baseCommit: SAMPLE.baseCommit },
  deadline: '2026-11-23T13:30:00.000Z',
  sandboxes: [1],
  activity: { state: 'idle', evidence: 'status', question: null, at },
  prompts: [{ ...receipt, state: 'accepted' }],
};

export const signalledTask: Task = {
  ...runningTask,
  version: 8,
  completion: { state: 'signalled', signal },
  delivery: { state: 'delivered', notice, at, heard: false },
  settled: true,
};

export const landed: Landing = {
  state: 'landed',
  commit: SAMPLE.commit,
  target: 'main',
  landedAs: SAMPLE.landedAs,
  nothingToLand: false,
  at,
};

export const landedTask: Task = {
  ...signalledTask,
  version: 11,
  delivery: { state: 'acknowledged', notice, at },
  landing: landed,
};

export const assignment: Assignment = {
  taskId: SAMPLE.taskId,
  attempt: 1,
  projectId: SAMPLE.projectId,
  baseBranch: 'main',
  baseCommit: SAMPLE.baseCommit,
  branch,
  agent: { kind: 'scripted' },
  author: { name: 'Ada', email: 'ada@example.org' },
  subtaskToken: SAMPLE.token.replace('coordinator', 'subtask'),
  doneToken: 'c2VjcmV0IHNlY3JldCBzZWNyZXQgc2Vj',
  cols: 120,
  rows: 40,
};

export const project: Project = {
  id: SAMPLE.projectId,
  name: 'parser',
  source: SAMPLE.path,
  defaultBranch: 'main',
  defaultAgent: { kind: 'scripted' },
  author: { name: 'Ada', email: 'ada@example.org' },
  image: null,
  limits: DEFAULT_LIMITS,
  gitUrl: `${SAMPLE.api}/git/${SAMPLE.projectId}.git`,
  createdAt: at,
};

export const coordinator: Coordinator = {
  id: SAMPLE.coordinatorId,
  name: 'parser work',
  projectId: SAMPLE.projectId,
  createdAt: at,
  maxRunning: null,
  paused: null,
  budget: { tasks: null, wallClockSeconds: null },
  notifications: DEFAULT_NOTIFICATION_SETTINGS,
  hostTaskId: null,
};

export const tokenInfo: TokenInfo = {
  id: SAMPLE.tokenId,
  identity: { role: 'coordinator', coordinatorId: SAMPLE.coordinatorId },
  label: 'my laptop',
  createdAt: at,
  expiresAt: null,
  revokedAt: null,
  rotatedAt: null,
  previousUntil: null,
};

export const launcher: LauncherState = {
  id: SAMPLE.launcherId,
  host: 'build-1',
  sandboxes: 'docker',
  ready: true,
  reason: null,
  slots: 16,
  running: 1,
  warm: 2,
  worktrees: 'overlay',
  note: null,
};
