import {
  type AccessName,
  type ErrorCode,
  OPERATIONS,
  type Operation,
  type OperationName,
  RoundhouseError,
  errorCodesOf,
} from '@roundhouse/contracts';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { trailOf } from './call-trail.ts';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import type { RateGate } from './rate-limits.ts';

/** Fastify's own faults, in the words of our table. */
const FASTIFY_CODES: Readonly<Record<string, RoundhouseError>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: new RoundhouseError('body_too_large', 'the body is larger than 1 MiB'),
  FST_ERR_CTP_INVALID_MEDIA_TYPE: new RoundhouseError('unsupported_media_type', 'the body is not declared as JSON'),
  FST_ERR_CTP_INVALID_JSON_BODY: new RoundhouseError('bad_request', 'the body is not JSON'),
  FST_ERR_CTP_EMPTY_JSON_BODY: new RoundhouseError('bad_request', 'the body is declared as JSON and empty'),
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: new RoundhouseError('bad_request', 'the body has another length than it says'),
  FST_ERR_BAD_URL: new RoundhouseError('bad_request', 'the URL is not well-formed'),
  FST_ERR_MAX_PARAM_LENGTH: new RoundhouseError('bad_request', 'a part of the URL is too long'),
};

// What ioredis says when Redis is away: the connection, a command that timed out, or too many tries.
const STORE_AWAY =
  /ECONNREFUSED|ENOENT.*\.sock|Connection is closed|Command timed out|max retries per request|Stream isn't writeable|READONLY|LOADING/i;

/** Any error in the words of the table; what is none of ours is logged, and told without its details. */
export function toRoundhouseError(
  error: Error & Partial<Pick<FastifyError, 'code' | 'statusCode'>>,
  request: FastifyRequest,
): RoundhouseError {
  if (error instanceof RoundhouseError) return error;
  if (hasZodFastifySchemaValidationErrors(error)) {
    const issues = error.validation.map(({ instancePath, message }) => ({
      path: instancePath,
      message: message ?? 'is not valid',
    }));
    const first = issues[0];
    const message =
      first === undefined
        ? 'the request is not valid'
        : `${first.path === '' ? 'the request' : first.path.slice(1)}: ${first.message}`;
    return new RoundhouseError('validation_failed', message, { issues });
  }
  const known = error.code === undefined ? undefined : FASTIFY_CODES[error.code];
  if (known !== undefined) return known;
  if (typeof error.statusCode === 'number' && error.statusCode >= 400 && error.statusCode < 500) {
    return new RoundhouseError('bad_request', 'the request is not well-formed');
  }
  request.log.error({ err: error }, 'a request failed');
  if (error.name === 'MaxRetriesPerRequestError' || STORE_AWAY.test(error.message)) {
    return new RoundhouseError('store_unavailable', 'Redis does not answer');
  }
  if (error.name === 'GitFailure')
    return new RoundhouseError('git_failed', 'git failed in the hub', { requestId: request.id });
  return new RoundhouseError('internal', 'the service failed', { requestId: request.id });
}

/** What the log says of an answer that breaks the contract; tests fail on it. */
export const UNDOCUMENTED = 'an answer that the contract does not name';

/** An operation may only be answered with the codes that it names: a slip is a fault of ours, and the answer is given all the same. */
export function noteUndocumented(request: FastifyRequest, code: ErrorCode): void {
  const { access: name } = request.routeOptions.config as { access?: AccessName };
  if (name === undefined || !(name in OPERATIONS)) return;
  const operation: Operation = OPERATIONS[name as OperationName];
  if (!errorCodesOf(operation).includes(code)) request.log.error({ operation: name, code }, UNDOCUMENTED);
}

export function answerError(error: Error, request: FastifyRequest, reply: FastifyReply): void {
  const answer = toRoundhouseError(error, request);
  trailOf(request).outcome = answer.code;
  noteUndocumented(request, answer.code);
  if (answer.code === 'unauthenticated' && !reply.hasHeader('www-authenticate'))
    void reply.header('www-authenticate', 'Bearer realm="roundhouse"');
  const retryAfter = answer.details?.['retryAfterSeconds'];
  if (answer.code === 'rate_limited') void reply.header('retry-after', String(retryAfter));
  if (request.headers.upgrade !== undefined) endConnection(request, reply);
  void reply.code(answer.status).type('application/json').serializer(JSON.stringify).send(answer.toBody());
}

/**
 * A connection that asks to become a WebSocket is no more HTTP's from then on: Node reads no other request from it and does
 * not close it at a stop. Where it becomes none it ends with the answer.
 */
function endConnection(request: FastifyRequest, reply: FastifyReply): void {
  void reply.header('connection', 'close');
  reply.raw.once('finish', () => request.raw.socket.destroySoon());
}

/** Whoever showed no good token: such requests count by their address. */
const ANONYMOUS: readonly ErrorCode[] = ['unauthenticated', 'route_not_found', 'method_not_allowed', 'bad_host'];

export function registerErrorAnswers(app: FastifyInstance, rates: RateGate): void {
  const answerCounted = (fault: Error, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const anonymous = fault instanceof RoundhouseError && ANONYMOUS.includes(fault.code);
    answerError((anonymous ? overLimit(rates, request) : null) ?? fault, request, reply);
    return reply;
  };
  app.setErrorHandler<FastifyError>(answerCounted);
  app.setNotFoundHandler((request, reply) => answerCounted(noRoute(request, reply), request, reply));
}

function overLimit(rates: RateGate, request: FastifyRequest): RoundhouseError | null {
  try {
    rates.address(request);
    return null;
  } catch (error) {
    if (error instanceof RoundhouseError) return error;
    throw error;
  }
}

const PATHS = (Object.values(OPERATIONS) as Operation[]).map(({ method, path }) => ({
  method,
  pattern: new RegExp(`^${path.replaceAll(/:[A-Za-z]+/g, '[^/]+')}$`),
}));

/** A path that there is with a method that it does not have is not the same as no such path (RFC 9110 §15.5.6). */
function noRoute(request: FastifyRequest, reply: FastifyReply): RoundhouseError {
  const path = request.url.split('?')[0] ?? '';
  const asked = `${request.method} ${path.slice(0, 200)}`;
  const allowed = PATHS.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method);
  if (allowed.length === 0) return new RoundhouseError('route_not_found', `there is no route ${asked}`);
  void reply.header('allow', allowed.join(', '));
  return new RoundhouseError('method_not_allowed', `there is no route ${asked}`, { allow: allowed });
}

/** For requests that are no HTTP at all: there is no reply object yet, so the answer is written by hand. */
export function malformedRequestAnswer(): string {
  const body = JSON.stringify(new RoundhouseError('bad_request', 'this is not a well-formed HTTP request').toBody());
  return `HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`;
}
