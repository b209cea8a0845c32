import { setMaxListeners } from 'node:events';
import { type ErrorBody, type InputOf, OPERATIONS, type Operation, RoundhouseError } from '@roundhouse/contracts';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import type { Deps } from '../handlers/deps.ts';
import { type EventFilter, type EventPage, readEvents } from '../handlers/read-events.ts';
import type { VerifiedToken } from '../ports/access.ts';
import { authenticate, coordinatorOf, header, reachOf } from './authenticate.ts';
import { trailOf } from './call-trail.ts';
import { toRoundhouseError } from './error-answers.ts';
import { refuseWhileStopping } from './guard.ts';
import { createPushLine, type PushLine } from './push-line.ts';
import { readQuery } from './query.ts';
import type { RateGate } from './rate-limits.ts';
import { schemaOf } from './routes.ts';
import { type StandingAccess, standingAccess } from './standing-access.ts';

/** How many streams one token may have open in one process. */
export const MAX_STREAMS = 64;
const PAGE = 100;
/** How long a stop waits for the last words of open streams, ms. */
const LAST_WORDS_MS = 1_000;
const HEAD = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  // A proxy that collects the answer before it passes it on would hold everything back.
  'x-accel-buffering': 'no',
};

export interface EventStreamTimes {
  /** A comment at least this often; what a wake was lost of is seen then at the latest. */
  readonly heartbeatMs: number;
  /** A client that takes nothing for so long is cut. What it missed it gets when it comes again. */
  readonly stallMs: number;
}

export interface EventStreamParts extends EventStreamTimes {
  readonly rates: RateGate;
  readonly stopping: AbortSignal;
}

const OPERATION: Operation = OPERATIONS.streamEvents;

/**
 * `GET /api/events`: server-sent events (HTML, §9.2) of our own rather than of a library. What a library would add is three
 * lines of format; what matters is ours in any case: events are read from the log as the client takes them, so that a
 * client that reads slowly costs one page of memory, and who is cut goes on from its last id.
 */
export function registerEventStream(app: FastifyInstance, deps: Deps, parts: EventStreamParts): void {
  const perToken = new Map<string, number>();
  const admitted = new WeakMap<FastifyRequest, Admitted>();
  const open = new Set<Promise<void>>();
  // One listener a stream, and each takes its own away again.
  setMaxListeners(0, parts.stopping);
  app.addHook('preClose', async () => {
    const late = new Promise((resolve) => setTimeout(resolve, LAST_WORDS_MS).unref());
    await Promise.race([Promise.all(open), late]);
  });

  app.route({
    method: 'GET',
    url: OPERATION.path,
    // A HEAD of something that does not end would not end either.
    exposeHeadRoute: false,
    schema: schemaOf(OPERATION),
    config: { access: 'streamEvents' },
    onRequest: async (request) => {
      admitted.set(request, await admit(deps, parts.rates, request));
    },
    preValidation: async (request) => {
      request.query = readQuery(
        OPERATION.input.shape as Record<string, z.ZodType>,
        request.query as Record<string, unknown>,
      );
    },
    handler: async (request, reply) => {
      const { verified, coordinatorId } = admitted.get(request) as Admitted;
      const tokenId = verified.info.id;
      const { kinds, taskIds, cursor, from } = request.query as InputOf<typeof OPERATIONS.streamEvents>;
      const begin = header(request, 'last-event-id') ?? cursor ?? (await deps.events.placeOf(coordinatorId, from));
      const source: Source = { coordinatorId, filter: { kinds, taskIds }, first: null };
      // Read once before the answer begins: what is wrong with the cursor is then an ordinary answer.
      source.first = await readEvents(deps, coordinatorId, begin, source.filter, PAGE);
      const streams = perToken.get(tokenId) ?? 0;
      if (streams >= MAX_STREAMS)
        throw new RoundhouseError('rate_limited', `this token has ${MAX_STREAMS} streams open`, {
          retryAfterSeconds: 5,
        });
      perToken.set(tokenId, streams + 1);
      reply.hijack();
      reply.raw.writeHead(200, HEAD);
      const line = createPushLine(reply.raw, parts.stallMs);
      const running = stream(deps, request, line, source, {
        ...parts,
        access: standingAccess(deps, request, verified),
      }).finally(() => {
        open.delete(running);
        const left = (perToken.get(tokenId) ?? 1) - 1;
        if (left > 0) perToken.set(tokenId, left);
        else perToken.delete(tokenId);
      });
      open.add(running);
      await running;
    },
  });
}

interface Source {
  readonly coordinatorId: string;
  readonly filter: EventFilter;
  first: EventPage | null;
}

interface Admitted {
  readonly verified: VerifiedToken;
  readonly coordinatorId: string;
}

/** Who calls and for which coordinator, as for any operation. */
async function admit(deps: Deps, rates: RateGate, request: FastifyRequest): Promise<Admitted> {
  const verified = await authenticate(deps, request);
  const { info } = verified;
  rates.token(info);
  reachOf('streamEvents', info);
  const coordinatorId = coordinatorOf(request, info);
  if (coordinatorId === null) throw new RoundhouseError('coordinator_required', 'the call is for no coordinator');
  trailOf(request).coordinatorId = coordinatorId;
  return { verified, coordinatorId };
}

async function stream(
  deps: Deps,
  request: FastifyRequest,
  line: PushLine,
  { coordinatorId, filter, first }: Source,
  { heartbeatMs, stopping, access }: EventStreamParts & { readonly access: StandingAccess },
): Promise<void> {
  const unsubscribe = deps.feed.onCoordinator(coordinatorId, line.stir);
  stopping.addEventListener('abort', line.stir);
  access.signal.addEventListener('abort', line.stir);
  try {
    let page = first as EventPage;
    // The id alone tells the client where it is before anything has happened; it makes no event (HTML, §9.2.6).
    let alive = await line.send(`retry: 1000\nid: ${page.cursor}\n\n${textOf(page)}`);
    while (alive) {
      if (!page.more) await line.stirred(heartbeatMs);
      refuseWhileStopping(stopping);
      // Before anything is sent: a token that was revoked or has expired meanwhile is told no more.
      const refusal = access.refusal();
      if (refusal !== null) throw refusal;
      page = await readEvents(deps, coordinatorId, page.cursor, filter, PAGE);
      alive = await line.send(page.events.length === 0 ? `: \nid: ${page.cursor}\n\n` : textOf(page));
    }
  } catch (error) {
    await line.end(lastWords(toRoundhouseError(error as Error, request).toBody()));
  } finally {
    unsubscribe();
    stopping.removeEventListener('abort', line.stir);
    access.end();
    line.close();
  }
}

const textOf = ({ events }: EventPage): string =>
  events.map((event) => `id: ${event.cursor}\ndata: ${JSON.stringify(event)}\n\n`).join('');

const lastWords = (body: ErrorBody): string => `event: end\ndata: ${JSON.stringify(body)}\n\n`;
