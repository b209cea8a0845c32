import {
  type CallName,
  ERRORS,
  ErrorBody,
  HEADERS,
  OPERATIONS,
  type Operation,
  type OperationName,
  RoundhouseError,
  SELF,
  errorCodesOf,
  isPublic,
  pathParameters,
} from '@roundhouse/contracts';
import type { FastifyInstance, FastifyReply, FastifyRequest, FastifySchema } from 'fastify';
import { z } from 'zod';
import type { Caller } from '../handlers/deps.ts';
import type { VerifiedToken } from '../ports/access.ts';
import { authenticate, coordinatorOf, header, reachOf, tokenOf } from './authenticate.ts';
import { noteSubject, trailOf } from './call-trail.ts';
import { noteUndocumented } from './error-answers.ts';
import { registerEtags } from './etag.ts';
import { type Answer, type Idempotency, checkIdempotencyKey } from './idempotency.ts';
import { IMPLEMENTATIONS, type ServiceDeps } from './implementations.ts';
import { noteClient } from './note-client.ts';
import { refuseWhileStopping } from './guard.ts';
import { openWait } from './open-wait.ts';
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
    ...(isPublic(operation.name as OperationName) ? { security: [] } : {}),
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
  const takeBack = (): void => {
    for (const step of undo.splice(0))
      void step().catch((error: unknown) =>
        request.log.error({ err: error }, 'what was not delivered could not be taken back'),
      );
  };
  reply.raw.once('close', () => {
    if (reply.raw.writableFinished) return;
    gone.abort();
    takeBack();
  });
  return {
    takeBack,
    signal: AbortSignal.any([gone.signal, stopping]),
    onUndelivered: (step: () => Promise<void>) => void undo.push(step),
  };
}

/** A sub-task's `self` in a path is its own task, from here on by its id. */
function nameOwnTask({ params }: FastifyRequest, { identity }: Known): void {
  const named = params as { id?: string };
  if (identity.role === 'subtask' && named.id === SELF) named.id = identity.taskId;
}

type Known = Omit<Caller, 'signal' | 'onUndelivered'>;

/** Whoever asks what is public. */
const NOBODY: Known = {
  identity: { role: 'mobile' },
  tokenId: '',
  tokenLabel: '',
  reach: 'any',
  coordinatorId: null,
  idempotencyKey: null,
  doneToken: null,
};

/** One route an operation, all alike: who calls, the input, what to do, the answer. */
export function registerRoutes(
  app: FastifyInstance,
  deps: ServiceDeps,
  idempotency: Idempotency,
  rates: RateGate,
  stopping: AbortSignal,
): void {
  const callers = new WeakMap<FastifyRequest, { readonly who: Known; readonly verified: VerifiedToken }>();

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
      config: { access: name, etag: operation.method === 'GET' && !isPublic(name) },
      onRequest: async (request) => {
        if (isPublic(name)) return rates.address(request);
        const verified = await authenticate(deps, request);
        const { info } = verified;
        rates.token(info);
        const reach = reachOf(name, info);
        const coordinatorId = name === 'whoami' ? null : coordinatorOf(request, info);
        trailOf(request).coordinatorId = coordinatorId;
        const who = {
          identity: info.identity,
          tokenId: info.id,
          tokenLabel: info.label,
          reach,
          coordinatorId,
          idempotencyKey: operation.idempotencyKey
            ? checkIdempotencyKey(header(request, HEADERS.idempotencyKey))
            : null,
          doneToken: header(request, HEADERS.doneToken),
        };
        callers.set(request, { who, verified });
        noteClient(deps, request, info);
      },
      preValidation: async (request) => {
        nameOwnTask(request, callers.get(request)?.who ?? NOBODY);
        if (operation.method === 'GET') request.query = readQuery(shape, request.query as Record<string, unknown>);
        // A call that needs no body may come without one.
        else if (operation.method === 'POST') request.body ??= {};
      },
      handler: async (request, reply) => {
        const known = callers.get(request);
        const who = known?.who ?? NOBODY;
        const client = watchClient(request, reply, stopping);
        const wait = operation.waits && known !== undefined ? openWait(deps, request, name, known) : null;
        const signal = wait === null ? client.signal : AbortSignal.any([client.signal, wait.signal]);
        const caller: Caller = { ...who, onUndelivered: client.onUndelivered, signal };
        const input = {
          ...(request.query as object),
          ...(request.body as object | undefined),
          ...(request.params as object),
        };
        noteSubject(request, operation, input);
        const run = async (): Promise<Answer> => {
          try {
            return { status: operation.status, body: await implementation(deps, caller, input) };
          } catch (error) {
            if (!(error instanceof RoundhouseError)) throw error;
            noteUndocumented(request, error.code);
            return { status: error.status, body: error.toBody() };
          }
        };
        // The second secret is a part of the request: who does not know it gets no answer that was given for it.
        const asked = who.doneToken === null ? input : { input, doneToken: who.doneToken };
        const once = (): Promise<Answer> => {
          const scope = `${who.tokenId}:${name}:${who.coordinatorId ?? ''}:${who.idempotencyKey ?? ''}`;
          const token = tokenOf(request);
          const seal = {
            close: (body: string) => sealAnswer(body, token),
            open: (kept: string) => openAnswer(kept, token),
          };
          return idempotency.once(scope, asked, run, operation.secret ? seal : undefined);
        };
        try {
          const answer = await (who.idempotencyKey === null ? run() : once());
          noteSubject(request, operation, input, answer.body);
          const refusal = wait?.refusal() ?? null;
          if (refusal !== null) {
            // What was found for a caller that may not have it any more is given back.
            client.takeBack();
            throw refusal;
          }
          if (answer.status < 400) return await reply.code(answer.status).send(answer.body);
          trailOf(request).outcome = (answer.body as ErrorBody).error.code;
          return await reply.code(answer.status).type('application/json').serializer(JSON.stringify).send(answer.body);
        } catch (error) {
          // What was cut short (git, say) tells of the cut; the caller is told why it was made.
          if (!signal.aborted || error instanceof RoundhouseError) throw error;
          refuseWhileStopping(stopping);
          throw wait?.refusal() ?? error;
        } finally {
          wait?.end();
        }
      },
    });
  }
}
