import { z } from 'zod';
import { AuditEntry } from '../audit.ts';
import { ConnectedClient } from '../client-info.ts';
import { Instant, Uuid } from '../ids.ts';
import { operation } from '../operation.ts';

const id = Uuid.describe('The coordinator’s id.');

export const AccessState = z
  .object({
    coordinatorId: Uuid,
    access: z.enum(['on', 'off']).describe('off: its tokens are answered with access_stopped.'),
    since: Instant,
    lastCall: z
      .object({ at: Instant, operation: z.string(), outcome: z.string() })
      .nullable()
      .describe('The last one of the audit; null where none is kept.'),
    openWaits: z.int().min(0).describe('How many of its calls wait now.'),
    clients: z.int().min(0).describe('How many programs called in its name within the last day.'),
  })
  .meta({ id: 'Access' });

export const getAccess = operation({
  name: 'getAccess',
  method: 'GET',
  path: '/api/coordinators/:id/access',
  tag: 'coordinators',
  summary: 'Show a coordinator’s access',
  description: 'Whether its tokens are let in, since when, its last call, and what waits in its name.',
  effect: 'read',
  input: z.object({ id }),
  output: AccessState,
  errors: ['coordinator_not_found'],
});

export const stopAccess = operation({
  name: 'stopAccess',
  method: 'POST',
  path: '/api/coordinators/:id/access/stop',
  tag: 'coordinators',
  summary: 'Stop a coordinator’s access',
  description:
    'Its tokens and its paired phones’ are answered with access_stopped, its open waits end; its sub-tasks go on, and still signal. Asked twice, it answers the same.',
  effect: 'destructive',
  input: z.object({ id }),
  output: AccessState,
  errors: ['coordinator_not_found'],
});

export const startAccess = operation({
  name: 'startAccess',
  method: 'POST',
  path: '/api/coordinators/:id/access/start',
  tag: 'coordinators',
  summary: 'Start a coordinator’s access again',
  description:
    'Its tokens are let in again, and what was signalled meanwhile waits for it. Asked twice, it answers the same.',
  effect: 'write',
  input: z.object({ id }),
  output: AccessState,
  errors: ['coordinator_not_found'],
});

export const listClients = operation({
  name: 'listClients',
  method: 'GET',
  path: '/api/coordinators/:id/clients',
  tag: 'coordinators',
  summary: 'List a coordinator’s clients',
  description:
    'The programs that called in its name within the last day, the last seen first, at most 100. What they call themselves is their own word.',
  effect: 'read',
  input: z.object({ id }),
  output: z.object({ clients: z.array(ConnectedClient) }),
  errors: ['coordinator_not_found'],
});

export const readLog = operation({
  name: 'readLog',
  method: 'GET',
  path: '/api/coordinators/:id/log',
  tag: 'coordinators',
  summary: 'Read a coordinator’s recent calls',
  description: 'The last entries of the audit that are about it, the latest first, at most 200.',
  effect: 'read',
  input: z.object({ id, limit: z.int().min(1).max(200).default(50) }),
  output: z.object({ entries: z.array(AuditEntry) }),
  errors: ['coordinator_not_found'],
});
