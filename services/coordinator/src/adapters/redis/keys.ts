import { KEY_PREFIX } from '@roundhouse/contracts';

// One hash tag for all: a Lua call may then touch any of them, on a cluster too (Redis Cluster specification, hash tags).
const key = (...parts: readonly string[]): string => [KEY_PREFIX, ...parts].join(':');

export const KEYS = {
  task: (id: string) => key('task', id),
  prompts: (id: string) => key('task', id, 'prompts'),
  events: (coordinatorId: string) => key('coordinator', coordinatorId, 'events'),
  unsettled: (coordinatorId: string) => key('coordinator', coordinatorId, 'unsettled'),
  notices: (coordinatorId: string) => key('coordinator', coordinatorId, 'notices'),
  coordinatorTasks: (coordinatorId: string) => key('coordinator', coordinatorId, 'tasks'),
  placesOf: (coordinatorId: string) => key('coordinator', coordinatorId, 'places'),
  live: (coordinatorId: string) => key('coordinator', coordinatorId, 'live'),
  usage: (coordinatorId: string) => key('coordinator', coordinatorId, 'usage'),
  line: (coordinatorId: string, kind: string) => key('coordinator', coordinatorId, 'line', kind),
  lines: key('lines'),
  places: key('places'),
  edges: key('edges'),
  breakers: key('breakers'),
  holds: key('holds'),
  alarms: key('alarms'),
  allTasks: key('tasks'),
  leases: key('leases'),
  deadlines: key('deadlines'),
  outbox: key('outbox'),
  channel: key('wake'),
  projects: key('projects'),
  profiles: key('profiles'),
  launchers: key('launchers'),
  launchersSeen: key('launchers', 'seen'),
  coordinators: key('coordinators'),
  token: (id: string) => key('token', id),
  listedTokens: key('tokens'),
  listedTokenEnds: key('tokens', 'ends'),
  taskTokens: (taskId: string) => key('task', taskId, 'tokens'),
  accessChannel: key('access'),
  accessStopped: key('access', 'stopped'),
  accessStarted: key('access', 'started'),
  pairing: (coordinatorId: string) => key('pairing', coordinatorId),
  openPairings: key('pairings'),
  auditHead: key('audit', 'head'),
  audit: key('audit'),
  coordinatorLog: (coordinatorId: string) => key('coordinator', coordinatorId, 'log'),
  coordinatorClients: (coordinatorId: string) => key('coordinator', coordinatorId, 'clients'),
  coordinatorWaits: (coordinatorId: string) => key('coordinator', coordinatorId, 'waits'),
  box: (coordinatorId: string) => key('coordinator', coordinatorId, 'box'),
  pendingNotifications: (coordinatorId: string) => key('coordinator', coordinatorId, 'box', 'pending'),
  listening: (coordinatorId: string) => key('coordinator', coordinatorId, 'listening'),
  dueNotifications: key('notifications', 'due'),
  webhooks: key('webhooks'),
  webhookTries: key('webhooks', 'tries'),
  webhookSecrets: key('webhooks', 'secrets'),
  webhookOutcomes: key('webhooks', 'outcomes'),
  keptWait: (id: string) => key('wait', id),
  keptWaitLook: (id: string) => key('wait', id, 'look'),
  openKeptWaits: (tokenId: string) => key('token', tokenId, 'waits'),
  endedKeptWaits: (tokenId: string) => key('token', tokenId, 'waits', 'over'),
  keptWaitChannel: key('waits'),
  idempotency: (scope: string) => key('idempotency', scope),
} as const;

/** What `KEYS.lines` calls the line of a coordinator's tasks with one kind of agent. */
export const lineName = (coordinatorId: string, kind: string): string => `${coordinatorId}:${kind}`;

export function parseLineName(name: string): { coordinatorId: string; kind: string } | null {
  const [coordinatorId, kind] = name.split(':');
  return coordinatorId === undefined || kind === undefined ? null : { coordinatorId, kind };
}
