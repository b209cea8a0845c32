import type { CallName, InputOf, OPERATIONS, OutputOf } from '@roundhouse/contracts';
import * as admin from '../handlers/admin.ts';
import * as access from '../handlers/coordinator-access.ts';
import * as pairing from '../handlers/pairing.ts';
import { readAudit } from '../handlers/read-audit.ts';
import * as tokens from '../handlers/tokens.ts';
import { listBreakers, setBreaker } from '../handlers/admission/breakers.ts';
import * as standing from '../handlers/admission/coordinator-standing.ts';
import { getInputs, readResult } from '../handlers/admission/results.ts';
import { setDependencies } from '../handlers/admission/set-dependencies.ts';
import { acknowledgeNotifications, dropNotifications, getNotifications } from '../handlers/notifications/box.ts';
import { configureNotifications } from '../handlers/notifications/configure.ts';
import { runCoordinator } from '../handlers/run-coordinator.ts';
import * as attempts from '../handlers/attempts.ts';
import { closeTask } from '../handlers/close-task.ts';
import * as control from '../handlers/control.ts';
import { createTask } from '../handlers/create-task.ts';
import type { Caller, Deps } from '../handlers/deps.ts';
import * as launchers from '../handlers/launchers.ts';
import { cancelWait, keepWait, readWait } from '../handlers/kept-waits.ts';
import { landSelf, signalDone } from '../handlers/signal-done.ts';
import { mergeTask, reviewMerge } from '../handlers/land-task.ts';
import { promptTask } from '../handlers/prompt-task.ts';
import { editPrompt, withdrawPrompt } from '../handlers/recall-prompt.ts';
import { answerDialog } from '../handlers/answer-dialog.ts';
import { readDiff } from '../handlers/read-diff.ts';
import { readOutput } from '../handlers/read-output.ts';
import { getTask, listAgents, listTasks } from '../handlers/read-tasks.ts';
import * as voice from '../handlers/voice.ts';
import { waitForEvents } from '../handlers/wait-for-events.ts';
import { waitForIdle } from '../handlers/wait-for-idle.ts';
import { waitSignal } from '../handlers/wait-signal.ts';
import type { KeptWaits } from '../ports/kept-waits.ts';
import type { IdempotencyStore } from '../ports/idempotency.ts';

export type ServiceDeps = Deps & {
  readonly idempotency: IdempotencyStore;
  readonly keptWaits: KeptWaits;
  /** Measures a round trip to Redis, ms; throws where it does not answer. */
  readonly ping: () => Promise<number>;
  readonly version: string;
};

type Ops = typeof OPERATIONS;
/** A caller is absent for public operations alone. */
type Implementation<N extends CallName> = (
  deps: ServiceDeps,
  caller: Caller,
  input: InputOf<Ops[N]>,
) => Promise<OutputOf<Ops[N]>>;

/** What stands behind each operation: a missing one does not compile. */
export const IMPLEMENTATIONS: { readonly [N in CallName]: Implementation<N> } = {
  createTask,
  listTasks,
  getTask,
  promptTask,
  setDependencies,
  waitForIdle,
  readDiff,
  readOutput,
  readResult,
  mergeTask,
  reviewMerge,
  closeTask,
  waitSignal,
  waitForEvents,
  keepWait,
  readWait,
  cancelWait,
  setControl: control.setControl,
  typeInput: control.typeInput,
  editPrompt,
  withdrawPrompt,
  askQuestion: voice.askQuestion,
  answerQuestion: voice.answerQuestion,
  makeReport: voice.makeReport,
  readReports: voice.readReports,
  getNotifications,
  acknowledgeNotifications,
  dropNotifications,
  configureNotifications,
  answerDialog,
  listAgents,
  signalDone,
  landSelf,
  getInputs,
  createProject: admin.createProject,
  listProjects: admin.listProjects,
  createCoordinator: admin.createCoordinator,
  listCoordinators: admin.listCoordinators,
  runCoordinator,
  getAccess: access.getAccess,
  stopAccess: access.stopAccess,
  startAccess: access.startAccess,
  listClients: access.listClients,
  readLog: access.readLog,
  createPairing: pairing.createPairing,
  pair: pairing.pair,
  createToken: tokens.createToken,
  listTokens: tokens.listTokens,
  rotateToken: tokens.rotateToken,
  revokeToken: tokens.revokeToken,
  readAudit,
  updateCoordinator: standing.updateCoordinator,
  getCoordinator: standing.getCoordinator,
  pauseCoordinator: standing.pauseCoordinator,
  resumeCoordinator: standing.resumeCoordinator,
  listBreakers,
  setBreaker,
  whoami: (_deps, { identity }) => Promise.resolve(identity),
  getHealth: async ({ ping, version }) => ({ status: 'ok', version, redisMs: await ping() }),
  claimAttempt: attempts.claimAttempt,
  reconcileAttempts: attempts.reconcileAttempts,
  archiveAttempt: attempts.archiveAttempt,
  reportGone: attempts.reportGone,
  reportLauncher: launchers.reportLauncher,
  listLaunchers: launchers.listLaunchers,
};
