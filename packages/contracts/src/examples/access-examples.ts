import type { AuditEntry } from '../audit.ts';
import type { ConnectedClient } from '../client-info.ts';
import type { Examples } from './example.ts';
import * as sample from './sample-values.ts';
import { SAMPLE } from './sample-values.ts';

const ofCoordinator = { id: SAMPLE.coordinatorId };

const access = {
  coordinatorId: SAMPLE.coordinatorId,
  access: 'on',
  since: SAMPLE.at,
  lastCall: { at: SAMPLE.at, operation: 'listTasks', outcome: 'ok' },
  openWaits: 0,
  clients: 1,
} as const;

const client: ConnectedClient = {
  transport: 'http',
  name: null,
  version: null,
  agent: 'node',
  tokenId: SAMPLE.tokenId,
  firstSeen: SAMPLE.at,
  lastSeen: SAMPLE.at,
};

const entry: AuditEntry = {
  seq: 1,
  at: SAMPLE.at,
  requestId: '6f5e4d3c-2b1a-4098-8776-655443322110',
  operation: 'createProject',
  role: 'operator',
  tokenId: SAMPLE.tokenId,
  coordinatorId: null,
  taskId: null,
  status: 201,
  outcome: 'ok',
  ms: 41.5,
  count: 1,
  previous: '0'.repeat(64),
  hash: '6b23c0d5f35d1b11f9b683f0b0a617355deb11277d91ae091d399c655b87940d',
};

const own = { role: 'coordinator', coordinatorId: SAMPLE.coordinatorId } as const;
const pairedUntil = '2026-12-23T09:30:00.000Z';

export const ACCESS_EXAMPLES = {
  getAccess: { request: ofCoordinator, answer: access },
  stopAccess: { request: ofCoordinator, answer: { ...access, access: 'off' } },
  startAccess: { request: ofCoordinator, answer: access },
  listClients: { request: ofCoordinator, answer: { clients: [client] } },
  readLog: {
    request: { ...ofCoordinator, limit: 200 },
    answer: { entries: [{ ...entry, ...own, operation: 'listTasks', status: 200 }] },
  },
  readAudit: { request: { limit: 1 }, answer: { entries: [entry], nextCursor: '1' } },
  rotateToken: {
    request: { id: SAMPLE.tokenId, graceSeconds: 3_600 },
    answer: {
      token: SAMPLE.token,
      info: { ...sample.tokenInfo, rotatedAt: SAMPLE.at, previousUntil: '2026-11-23T10:30:00.000Z' },
    },
  },
  createPairing: {
    request: ofCoordinator,
    answer: { coordinatorId: SAMPLE.coordinatorId, pin: SAMPLE.pin, expiresAt: '2026-11-23T09:35:00.000Z' },
  },
  pair: {
    request: { pin: SAMPLE.pin, label: 'my phone' },
    answer: {
      token: SAMPLE.token.replace('coordinator', 'paired'),
      info: {
        ...sample.tokenInfo,
        identity: { role: 'paired', coordinatorId: SAMPLE.coordinatorId },
        label: 'my phone',
        expiresAt: pairedUntil,
      },
    },
  },
} as const satisfies Examples;
