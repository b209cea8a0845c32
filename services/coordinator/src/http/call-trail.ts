import {
  type AccessName,
  type AuditCall,
  type Identity,
  type OPERATIONS,
  type OperationName,
  Uuid,
} from '@roundhouse/contracts';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Deps } from '../handlers/deps.ts';

/** What is known of a request by and by, for the audit: never its headers, query, body or answer. */
interface Trail {
  caller: { readonly identity: Identity; readonly tokenId: string } | null;
  /** What an operator acts for; others are bound by their token. */
  coordinatorId: string | null;
  taskId: string | null;
  outcome: string | null;
  /** Where one route stands for two things. */
  operation: AccessName | null;
  /** It stands in the audit already: a link does from its beginning. */
  recorded: boolean;
}

const TRAILS = new WeakMap<FastifyRequest, Trail>();

export function trailOf(request: FastifyRequest): Trail {
  const known = TRAILS.get(request);
  if (known !== undefined) return known;
  const trail: Trail = {
    caller: null,
    coordinatorId: null,
    taskId: null,
    outcome: null,
    operation: null,
    recorded: false,
  };
  TRAILS.set(request, trail);
  return trail;
}

export const operationOf = (request: FastifyRequest): string =>
  trailOf(request).operation ??
  (request.routeOptions.config as { access?: AccessName } | undefined)?.access ??
  'unknown';

const uuidIn = (value: unknown, key: string): string | null => {
  const found = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
  return Uuid.safeParse(found).data ?? null;
};

/** Which task or coordinator an operation is about: by its path, else its body, else what it made. */
export function noteSubject(
  request: FastifyRequest,
  { path }: Pick<(typeof OPERATIONS)[OperationName], 'path'>,
  input: unknown,
  answer: unknown = null,
): void {
  const trail = trailOf(request);
  if (path.startsWith('/api/tasks/:id')) trail.taskId = uuidIn(input, 'id');
  else if (path.startsWith('/api/coordinators/:id')) trail.coordinatorId ??= uuidIn(input, 'id');
  else trail.taskId ??= uuidIn(input, 'taskId') ?? (path === '/api/tasks' ? uuidIn(answer, 'id') : null);
}

export function callOf(request: FastifyRequest, status: number | null, ms: number, now: string): AuditCall {
  const { caller, coordinatorId, taskId, outcome } = trailOf(request);
  const identity = caller?.identity ?? null;
  return {
    at: now,
    requestId: request.id,
    operation: operationOf(request),
    role: identity?.role ?? 'anonymous',
    tokenId: caller?.tokenId ?? null,
    coordinatorId: (identity !== null && 'coordinatorId' in identity ? identity.coordinatorId : null) ?? coordinatorId,
    taskId: taskId ?? (identity !== null && 'taskId' in identity ? identity.taskId : null),
    status,
    outcome: status === null ? 'cancelled' : (outcome ?? 'ok'),
    ms: Math.round(ms * 10) / 10,
    count: 1,
  };
}

/** Records every request once it is over, however it ended. Before all other hooks, so that refusals are seen too. */
export function registerCallTrail(
  app: FastifyInstance,
  { clock }: Pick<Deps, 'clock'>,
  record: (call: AuditCall) => void,
): void {
  app.addHook('onRequest', (request: FastifyRequest, reply: FastifyReply, done) => {
    // "close" comes after each answer and after each client that left; "finish" only where the answer went out.
    reply.raw.once('close', () => {
      if (trailOf(request).recorded) return;
      const status = reply.raw.writableFinished ? reply.statusCode : null;
      record(callOf(request, status, reply.elapsedTime, clock.now()));
    });
    done();
  });
}
