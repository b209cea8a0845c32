import { RoundhouseError } from '@roundhouse/contracts';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { trailOf } from './call-trail.ts';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';

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

function toRoundhouseError(
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

export function answerError(error: Error, request: FastifyRequest, reply: FastifyReply): void {
  const answer = toRoundhouseError(error, request);
  trailOf(request).outcome = answer.code;
  if (answer.code === 'unauthenticated' && !reply.hasHeader('www-authenticate'))
    void reply.header('www-authenticate', 'Bearer realm="roundhouse"');
  void reply.code(answer.status).type('application/json').serializer(JSON.stringify).send(answer.toBody());
}

export function registerErrorAnswers(app: FastifyInstance): void {
  app.setErrorHandler<FastifyError>(answerError);
  app.setNotFoundHandler((request, reply) => {
    const error = new RoundhouseError(
      'route_not_found',
      `there is no route ${request.method} ${request.url.split('?')[0]?.slice(0, 200) ?? ''}`,
    );
    answerError(error, request, reply);
  });
}

/** For requests that are no HTTP at all: there is no reply object yet, so the answer is written by hand. */
export function malformedRequestAnswer(): string {
  const body = JSON.stringify(new RoundhouseError('bad_request', 'this is not a well-formed HTTP request').toBody());
  return `HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`;
}
