import fastifySwagger from '@fastify/swagger';
import fastifyWebsocket from '@fastify/websocket';
import fastify, { LogController, type FastifyBaseLogger, type FastifyInstance } from 'fastify';
import { jsonSchemaTransform, serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod';
import type { Logger } from 'pino';
import type { RateLimits } from './domain/rate-limits.ts';
import { answerError, malformedRequestAnswer, registerErrorAnswers } from './http/error-answers.ts';
import { type EventStreamTimes, registerEventStream } from './http/event-stream.ts';
import { registerGitRoutes } from './http/git-routes.ts';
import { refuseUpgrade, refuseWhileStopping, registerGuard } from './http/guard.ts';
import { createIdempotency } from './http/idempotency.ts';
import type { ServiceDeps } from './http/implementations.ts';
import { registerLink } from './http/link.ts';
import { completeDocument } from './http/openapi-document.ts';
import { createRateGate } from './http/rate-limits.ts';
import { registerRoutes } from './http/routes.ts';
import type { CallRecorder } from './effects/record-calls.ts';
import { operationOf, registerCallTrail } from './http/call-trail.ts';
import { holdToMatrix } from './http/known-routes.ts';
import type { GitSmartHttp } from './ports/hubs.ts';

const MAX_BODY_BYTES = 1024 * 1024;

export interface AppOptions {
  readonly deps: ServiceDeps;
  readonly git: GitSmartHttp;
  readonly log: Logger;
  readonly calls: Pick<CallRecorder, 'record'>;
  readonly allowedHosts: readonly string[];
  /** Null: none. */
  readonly rateLimits: RateLimits | null;
  readonly eventStream: EventStreamTimes;
  /** Aborted when the service begins to stop: open waits then answer at once. */
  readonly stopping: AbortSignal;
}

/** The HTTP application, ready to listen or to be injected. */
export async function createApp(options: AppOptions): Promise<FastifyInstance> {
  const { deps, git, log, calls, allowedHosts, rateLimits, eventStream, stopping } = options;
  const logger: FastifyBaseLogger = log;
  const app = fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: () => crypto.randomUUID(),
    bodyLimit: MAX_BODY_BYTES,
    forceCloseConnections: true,
    // Node would answer without a body of ours; the guard asks for the header as well.
    http: { requireHostHeader: false },
    // What comes while it stops is answered in the words of our table, by the hook below.
    return503OnClosing: false,
    frameworkErrors: (error, request, reply) => answerError(error, request, reply),
    clientErrorHandler: (_error, socket) => {
      if (socket.writable) socket.end(malformedRequestAnswer());
    },
  });
  app.removeContentTypeParser('text/plain');
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  holdToMatrix(app);
  registerCallTrail(app, deps, calls.record);
  const rates = createRateGate(rateLimits);
  registerErrorAnswers(app, rates);
  registerGuard(app, allowedHosts);
  app.addHook('onRequest', async () => {
    refuseWhileStopping(stopping);
  });
  app.addHook('onResponse', async (request, reply) => {
    const ms = Math.round(reply.elapsedTime * 10) / 10;
    // One line a request: never its headers, query or body.
    log.debug({ requestId: request.id, operation: operationOf(request), status: reply.statusCode, ms }, 'request');
  });
  await app.register(fastifySwagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Roundhouse',
        version: deps.version,
        description:
          'Runs coding agents side by side, each in its own git worktree and terminal, and lands their work.',
      },
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
      security: [{ bearer: [] }],
    },
    transform: jsonSchemaTransform,
    transformObject: completeDocument,
  });
  await app.register(fastifyWebsocket, { options: { maxPayload: MAX_BODY_BYTES } });
  await app.register(async (scope) => {
    scope.addHook('onRequest', refuseUpgrade);
    registerRoutes(scope, deps, createIdempotency(deps.idempotency), rates, stopping);
    registerEventStream(scope, deps, { rates, stopping, ...eventStream });
    registerGitRoutes(scope, deps, git);
    registerLink(scope, deps, calls.record);
    scope.get(
      '/api/openapi.json',
      {
        schema: { hide: true },
        config: { access: 'openapiDocument' },
        onRequest: async (request) => rates.address(request),
      },
      async () => app.swagger(),
    );
  });
  return app;
}
