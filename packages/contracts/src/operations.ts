import * as access from './operations/access-operations.ts';
import * as admin from './operations/admin-operations.ts';
import * as admission from './operations/admission-operations.ts';
import * as attempts from './operations/attempt-operations.ts';
import * as audit from './operations/audit-operations.ts';
import * as control from './operations/control-operations.ts';
import * as dialog from './operations/dialog-operations.ts';
import * as pairing from './operations/pairing-operations.ts';
import * as events from './operations/event-operations.ts';
import * as notifications from './operations/notification-operations.ts';
import * as subTask from './operations/sub-task-operations.ts';
import * as review from './operations/review-operations.ts';
import * as tasks from './operations/task-operations.ts';
import * as voice from './operations/voice-operations.ts';
import * as kept from './operations/kept-wait-operations.ts';
import * as waits from './operations/wait-operations.ts';

/** Every operation of the API, by name: a literal, not a discovery. */
export const OPERATIONS = {
  createTask: tasks.createTask,
  listTasks: tasks.listTasks,
  getTask: tasks.getTask,
  promptTask: tasks.promptTask,
  setDependencies: admission.setDependencies,
  waitForIdle: waits.waitForIdle,
  readDiff: review.readDiff,
  readOutput: review.readOutput,
  readResult: admission.readResult,
  mergeTask: review.mergeTask,
  reviewMerge: review.reviewMerge,
  closeTask: tasks.closeTask,
  waitSignal: waits.waitSignal,
  waitForEvents: events.waitForEvents,
  keepWait: kept.keepWait,
  readWait: kept.readWait,
  cancelWait: kept.cancelWait,
  streamEvents: events.streamEvents,
  setControl: control.setControl,
  typeInput: control.typeInput,
  editPrompt: control.editPrompt,
  withdrawPrompt: control.withdrawPrompt,
  askQuestion: voice.askQuestion,
  answerQuestion: voice.answerQuestion,
  makeReport: voice.makeReport,
  readReports: voice.readReports,
  getNotifications: notifications.getNotifications,
  acknowledgeNotifications: notifications.acknowledgeNotifications,
  dropNotifications: notifications.dropNotifications,
  configureNotifications: notifications.configureNotifications,
  answerDialog: dialog.answerDialog,
  listAgents: tasks.listAgents,
  signalDone: subTask.signalDone,
  landSelf: subTask.landSelf,
  getInputs: admission.getInputs,
  createProject: admin.createProject,
  listProjects: admin.listProjects,
  createCoordinator: admin.createCoordinator,
  listCoordinators: admin.listCoordinators,
  runCoordinator: notifications.runCoordinator,
  getAccess: access.getAccess,
  stopAccess: access.stopAccess,
  startAccess: access.startAccess,
  listClients: access.listClients,
  readLog: access.readLog,
  createPairing: pairing.createPairing,
  pair: pairing.pair,
  updateCoordinator: admission.updateCoordinator,
  getCoordinator: admission.getCoordinator,
  pauseCoordinator: admission.pauseCoordinator,
  resumeCoordinator: admission.resumeCoordinator,
  listBreakers: admission.listBreakers,
  setBreaker: admission.setBreaker,
  createToken: admin.createToken,
  listTokens: admin.listTokens,
  rotateToken: admin.rotateToken,
  revokeToken: admin.revokeToken,
  readAudit: audit.readAudit,
  whoami: admin.whoami,
  getHealth: admin.getHealth,
  claimAttempt: attempts.claimAttempt,
  reconcileAttempts: attempts.reconcileAttempts,
  archiveAttempt: attempts.archiveAttempt,
  reportGone: attempts.reportGone,
  reportLauncher: attempts.reportLauncher,
  listLaunchers: attempts.listLaunchers,
} as const;

export type OperationName = keyof typeof OPERATIONS;
/** Operations that answer with one JSON value; the others are streams. */
export type CallName = Exclude<OperationName, 'streamEvents'>;
