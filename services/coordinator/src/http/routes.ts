import {
  type CallName,
  ERRORS,
  ErrorBody,
  HEADERS,
  OPERATIONS,
  type Operation,
  RoundhouseError,
  errorCodesOf,
  pathParameters,
} from '@roundhouse/contracts';
import type { FastifyInstance, FastifyReply, FastifyRequest, FastifySchema } from 'fastify';
import { z } from 'zod';
import type { Caller } from '../handlers/deps.ts';
import { authenticate, coordinatorOf, header, refuseRole, tokenOf } from './authenticate.ts';
import { noteUndocumented } from './error-answers.ts';
import { registerEtags } from './etag.ts';
import { type Idempotency, checkIdempotencyKey } from './idempotency.ts';
import { IMPLEMENTATIONS, type ServiceDeps } from './implementations.ts';
import { readQuery } from './query.ts';
import type { RateGate } from './rate-limits.ts';
import { openAnswer, sealAnswer } from './sealed-answer.ts';

type Shape = Record<string, z.ZodType>;
type Handler = (deps: ServiceDeps, caller: Caller, input: unknown) => Promise<unknown>;

function pick(shape: Shape, wanted: (key: string) => boolean): z.ZodObject {
  return z.object(Object.fromEntries(Object.entries(shape).filter(([key]) => wanted(key))));
}

/** What the framework checks and the document says of an operation. */
export function schemaOf(operation: Operation): FastifySchema {
  const parameters = pathParameters(operation.path);
  const shape = operation.input.shape as Shape;
  const rest = pick(shape, (key) => !parameters.includes(key));
  return {
    operationId: operation.name,
    tags: [operation.tag],
    summary: operation.summary,
    description: operation.description,
    ...(operation.roles === 'public' ? { security: [] } : {}),
    ...(parameters.length > 0 ? { params: pick(shape, (key) => parameters.includes(key)) } : {}),
    ...(operation.method === 'GET' && Object.keys(rest.shape).length > 0 ? { querystring: rest } : {}),
    ...(operation.method === 'POST' ? { body: rest } : {}),
    response: { [operation.status]: operation.output, ...errorResponses(operation) },
  };
}

/** One response a status, naming the codes that it may carry. */
function errorResponses(operation: Operation): Record<number, z.ZodType> {
  const codes = errorCodesOf(operation);
  const statuses = [...new Set(codes.map((code) => ERRORS[code].status))].sort((a, b) => a - b);
  return Object.fromEntries(
    statuses.map((status) => [
      status,
      ErrorBody.describe(codes.filter((code) => ERRORS[code].status === status).join(', ')),
    ]),
  );
}

/** Tells when the client has gone, and what to do where the answer did not reach it. */
function watchClient(request: FastifyRequest, reply: FastifyReply, stopping: AbortSignal) {
  const gone = new AbortController();
  const undo: (() => Promise<void>)[] = [];
  reply.raw.once('close', () => {
    if (reply.raw.writableFinished) return;
    gone.abort();
    for (const step of undo)
      void step().catch((error: unknown) =>
        request.log.error({ err: error }, 'what was not delivered could not be taken back'),
      );
  });
  return {
    signal: AbortSignal.any([gone.signal, stopping]),
    onUndelivered: (step: () => Promise<void>) => void undo.push(step),
  };
}

const ANONYMOUS = { role: 'mobile' } as const;

/** One route an operation, all alike: who calls, the input, what to do, the answer. */
export function registerRoutes(
  app: FastifyInstance,
  deps: ServiceDeps,
  idempotency: Idempotency,
  rates: RateGate,
  stopping: AbortSignal,
): void {
  const callers = new WeakMap<FastifyRequest, Omit<Caller, 'signal' | 'onUndelivered'>>();

  registerEtags(app);
  for (const [name, operation] of Object.entries(OPERATIONS) as [CallName, Operation][]) {
    // A stream is answered in a way of its own.
    if (operation.stream) continue;
    const implementation = IMPLEMENTATIONS[name] as Handler;
    const shape = operation.input.shape as Shape;

    app.route({
      method: operation.method,
      url: operation.path,
      schema: schemaOf(operation),
      config: { operation: name, etag: operation.method === 'GET' && operation.roles !== 'public' },
      onRequest: async (request) => {
        if (operation.roles === 'public') return await rates.address(request);
        const info = await authenticate(deps, request);
        await rates.token(request, info);
        refuseRole(operation, info);
        const { identity } = info;
        callers.set(request, {
          identity,
          tokenId: info.id,
          coordinatorId: name === 'whoami' ? null : coordinatorOf(request, info),
          idempotencyKey: operation.idempotencyKey
            ? checkIdempotencyKey(header(request, HEADERS.idempotencyKey))
            : null,
          doneToken: header(request, HEADERS.doneToken),
        });
      },
      preValidation: async (request) => {
        if (operation.method === 'GET') request.query = readQuery(shape, request.query as Record<string, unknown>);
        // A call that needs no body may come without one.
        else if (operation.method === 'POST') request.body ??= {};
      },
      handler: async (request, reply) => {
        const who = callers.get(request) ?? {
          identity: ANONYMOUS,
          tokenId: '',
          coordinatorId: null,
          idempotencyKey: null,
          doneToken: null,
        };
        const caller: Caller = { ...who, ...watchClient(request, reply, stopping) };
        const input = {
          ...(request.query as object),
          ...(request.body as object | undefined),
          ...(request.params as object),
        };
        const run = () => implementation(deps, caller, input);
        if (who.idempotencyKey === null) return await reply.code(operation.status).send(await run());
        const scope = `${who.tokenId}:${name}:${who.coordinatorId ?? ''}:${who.idempotencyKey}`;
        // The second secret is a part of the request: who does not know it gets no answer that was given for it.
        const asked = who.doneToken === null ? input : { input, doneToken: who.doneToken };
        const token = tokenOf(request);
        const seal = {
          close: (body: string) => sealAnswer(body, token),
          open: (kept: string) => openAnswer(kept, token),
        };
        const once = async () => {
          try {
            return { status: operation.status, body: await run() };
          } catch (error) {
            if (!(error instanceof RoundhouseError)) throw error;
            noteUndocumented(request, error.code);
            return { status: error.status, body: error.toBody() };
          }
        };
        const answer = await idempotency.once(scope, asked, once, operation.secret ? seal : undefined);
        if (answer.status >= 400)
          return await reply.code(answer.status).type('application/json').serializer(JSON.stringify).send(answer.body);
        return await reply.code(answer.status).send(answer.body);
      },
    });
  }
}
