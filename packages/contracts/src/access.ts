import type { OperationName } from './operations.ts';
import type { Role } from './token.ts';

/**
 * How far a caller reaches with something: not at all; its own alone (a sub-task's and a runner's own task, a
 * coordinator's and a paired phone's own coordinator with all that belongs to it); or everybody's.
 */
export type Reach = 'none' | 'own' | 'any';

/** Who calls: a role, or nobody that is known. */
export type Who = Role | 'anonymous';
export type AccessRow = Readonly<Record<Who, Reach>>;

/** The routes that are no operation. `hubRead` and `hubWrite` share the address that git asks first. */
export const OTHER_ROUTES = {
  hubRead: [
    { method: 'GET', path: '/git/:project.git/info/refs' },
    { method: 'POST', path: '/git/:project.git/git-upload-pack' },
  ],
  hubWrite: [{ method: 'POST', path: '/git/:project.git/git-receive-pack' }],
  link: [{ method: 'GET', path: '/link' }],
  openapiDocument: [{ method: 'GET', path: '/api/openapi.json' }],
} as const satisfies Record<string, readonly { method: 'GET' | 'POST'; path: string }[]>;

/** All that can be asked of the coordinator over its port. */
export type AccessName = OperationName | keyof typeof OTHER_ROUTES;

/** One cell a role, none left out: a new role does not compile until every row has decided on it. */
const row = (
  anonymous: Reach,
  operator: Reach,
  coordinator: Reach,
  paired: Reach,
  mobile: Reach,
  subtask: Reach,
  runner: Reach,
  launcher: Reach,
): AccessRow => ({ anonymous, operator, coordinator, paired, mobile, subtask, runner, launcher });

const ___ = 'none';
const own = 'own';
const any = 'any';

/**
 * Who may do what: the only place where that stands. The coordinator enforces it, the gateway lists tools by it, and a
 * test walks every cell. `own` of a list is a list of one's own.
 */
// prettier-ignore
export const ACCESS: Readonly<Record<AccessName, AccessRow>> = {
  //                         nobody oper. coord. paired mobile subt. runner launcher
  createTask:            row(___,   any,  own,   ___,   ___,   ___,  ___,   ___),
  listTasks:             row(___,   any,  own,   own,   ___,   ___,  ___,   ___),
  getTask:               row(___,   any,  own,   own,   ___,   ___,  ___,   ___),
  promptTask:            row(___,   any,  own,   own,   ___,   ___,  ___,   ___),
  answerDialog:          row(___,   any,  own,   own,   ___,   ___,  ___,   ___),
  waitForIdle:           row(___,   any,  own,   own,   ___,   ___,  ___,   ___),
  readDiff:              row(___,   any,  own,   ___,   ___,   ___,  ___,   ___),
  readOutput:            row(___,   any,  own,   own,   ___,   ___,  ___,   ___),
  mergeTask:             row(___,   any,  own,   ___,   ___,   ___,  ___,   ___),
  reviewMerge:           row(___,   any,  own,   ___,   ___,   ___,  ___,   ___),
  closeTask:             row(___,   any,  own,   ___,   ___,   ___,  ___,   ___),
  waitSignal:            row(___,   any,  own,   ___,   ___,   ___,  ___,   ___),
  setControl:            row(___,   any,  ___,   own,   ___,   ___,  ___,   ___),
  typeInput:             row(___,   any,  ___,   own,   ___,   ___,  ___,   ___),
  editPrompt:            row(___,   any,  own,   own,   ___,   ___,  ___,   ___),
  withdrawPrompt:        row(___,   any,  own,   own,   ___,   ___,  ___,   ___),
  askQuestion:           row(___,   ___,  ___,   ___,   ___,   own,  ___,   ___),
  answerQuestion:        row(___,   any,  own,   own,   ___,   ___,  ___,   ___),
  makeReport:            row(___,   ___,  ___,   ___,   ___,   own,  ___,   ___),
  readReports:           row(___,   any,  own,   own,   ___,   ___,  ___,   ___),
  listAgents:            row(___,   any,  ___,   own,   any,   ___,  ___,   ___),
  signalDone:            row(___,   ___,  ___,   ___,   ___,   own,  ___,   ___),
  landSelf:              row(___,   ___,  ___,   ___,   ___,   own,  ___,   ___),
  setDependencies:       row(___,   any,  own,   ___,   ___,   ___,  ___,   ___),
  readResult:            row(___,   any,  own,   ___,   ___,   ___,  ___,   ___),
  getInputs:             row(___,   ___,  ___,   ___,   ___,   own,  ___,   ___),
  getCoordinator:        row(___,   any,  own,   ___,   ___,   ___,  ___,   ___),
  updateCoordinator:     row(___,   any,  ___,   ___,   ___,   ___,  ___,   ___),
  pauseCoordinator:      row(___,   any,  own,   ___,   ___,   ___,  ___,   ___),
  resumeCoordinator:     row(___,   any,  own,   ___,   ___,   ___,  ___,   ___),
  listBreakers:          row(___,   any,  any,   ___,   ___,   ___,  ___,   ___),
  setBreaker:            row(___,   any,  ___,   ___,   ___,   ___,  ___,   ___),
  createProject:         row(___,   any,  ___,   ___,   ___,   ___,  ___,   ___),
  listProjects:          row(___,   any,  own,   ___,   ___,   ___,  ___,   ___),
  createCoordinator:     row(___,   any,  ___,   ___,   ___,   ___,  ___,   ___),
  listCoordinators:      row(___,   any,  ___,   ___,   ___,   ___,  ___,   ___),
  getAccess:             row(___,   any,  own,   ___,   ___,   ___,  ___,   ___),
  stopAccess:            row(___,   any,  ___,   ___,   ___,   ___,  ___,   ___),
  startAccess:           row(___,   any,  ___,   ___,   ___,   ___,  ___,   ___),
  listClients:           row(___,   any,  own,   ___,   ___,   ___,  ___,   ___),
  readLog:               row(___,   any,  own,   ___,   ___,   ___,  ___,   ___),
  createPairing:         row(___,   any,  own,   ___,   ___,   ___,  ___,   ___),
  pair:                  row(___,   ___,  ___,   ___,   any,   ___,  ___,   ___),
  createToken:           row(___,   any,  ___,   ___,   ___,   ___,  ___,   ___),
  listTokens:            row(___,   any,  ___,   ___,   ___,   ___,  ___,   ___),
  rotateToken:           row(___,   any,  ___,   ___,   ___,   ___,  ___,   ___),
  revokeToken:           row(___,   any,  ___,   ___,   ___,   ___,  ___,   ___),
  readAudit:             row(___,   any,  ___,   ___,   ___,   ___,  ___,   ___),
  whoami:                row(___,   any,  any,   any,   any,   any,  any,   any),
  waitForEvents:         row(___,   any,  own,   ___,   ___,   ___,  ___,   ___),
  keepWait:              row(___,   any,  own,   ___,   ___,   ___,  ___,   ___),
  readWait:              row(___,   any,  own,   ___,   ___,   ___,  ___,   ___),
  cancelWait:            row(___,   any,  own,   ___,   ___,   ___,  ___,   ___),
  streamEvents:          row(___,   any,  own,   ___,   ___,   ___,  ___,   ___),
  getNotifications:      row(___,   any,  own,   ___,   ___,   ___,  ___,   ___),
  acknowledgeNotifications: row(___, any, own,   ___,   ___,   ___,  ___,   ___),
  dropNotifications:     row(___,   any,  own,   ___,   ___,   ___,  ___,   ___),
  configureNotifications: row(___,  any,  own,   ___,   ___,   ___,  ___,   ___),
  runCoordinator:        row(___,   any,  ___,   ___,   ___,   ___,  ___,   ___),
  getHealth:             row(any,   any,  any,   any,   any,   any,  any,   any),
  claimAttempt:          row(___,   ___,  ___,   ___,   ___,   ___,  ___,   any),
  reconcileAttempts:     row(___,   ___,  ___,   ___,   ___,   ___,  ___,   any),
  archiveAttempt:        row(___,   ___,  ___,   ___,   ___,   ___,  ___,   any),
  reportGone:            row(___,   ___,  ___,   ___,   ___,   ___,  ___,   any),
  reportLauncher:        row(___,   ___,  ___,   ___,   ___,   ___,  ___,   any),
  listLaunchers:         row(___,   any,  ___,   ___,   ___,   ___,  ___,   ___),
  hubRead:               row(___,   any,  own,   ___,   ___,   own,  own,   ___),
  hubWrite:              row(___,   any,  ___,   ___,   ___,   ___,  own,   ___),
  link:                  row(___,   ___,  ___,   ___,   ___,   ___,  own,   ___),
  openapiDocument:       row(any,   any,  any,   any,   any,   any,  any,   any),
};

/** Whether no token is needed. */
export const isPublic = (name: AccessName): boolean => ACCESS[name].anonymous !== 'none';
