import {
  type AuditCall,
  type CoordinatorMessage,
  LEASE,
  LINK_FENCED,
  LINK_PATH,
  LINK_PROTOCOL,
  LINK_PROTOCOL_ERROR,
  RoundhouseError,
  RunnerMessage,
  type TaskRecord,
  type TokenInfo,
} from '@roundhouse/contracts';
import type { FastifyInstance } from 'fastify';
import type { WebSocket } from 'ws';
import type { Deps } from '../handlers/deps.ts';
import { desiredStates } from '../handlers/desired-state.ts';
import { runnerEvent } from '../handlers/runner-event.ts';
import { readTask, transition } from '../handlers/transition.ts';
import type { VerifiedToken } from '../ports/access.ts';
import { authenticate, reachOf } from './authenticate.ts';
import { callOf, trailOf } from './call-trail.ts';
import { standingAccess } from './standing-access.ts';

type RunnerIdentity = Extract<TokenInfo['identity'], { role: 'runner' }>;

/** How many messages of one runner may wait before its socket is not read any more. */
const MAX_BACKLOG = 64;

/** `GET /link`: one WebSocket a runner. See the contracts' link for the protocol. */
export function registerLink(app: FastifyInstance, deps: Deps, record: (call: AuditCall) => void): void {
  app.get(
    LINK_PATH,
    {
      websocket: true,
      schema: { hide: true },
      config: { access: 'link' },
      preValidation: async (request) => {
        const verified = await authenticate(deps, request);
        const { identity } = verified.info;
        reachOf('link', verified.info);
        if (identity.role !== 'runner') throw new RoundhouseError('forbidden', 'only a runner has a link');
        request.runner = { identity, verified };
      },
    },
    (socket, request) => {
      if (request.runner === undefined) return;
      const { identity, verified } = request.runner;
      // A request that became a link has no answer whose end would be recorded.
      record(callOf(request, 101, 0, deps.clock.now()));
      trailOf(request).recorded = true;
      const standing = standingAccess(deps, request, verified);
      const fence = (): void => socket.close(LINK_FENCED, standing.refusal()?.message.slice(0, 120));
      standing.signal.addEventListener('abort', fence, { once: true });
      socket.on('close', () => standing.end());
      serveLink(deps, socket, identity);
    },
  );
}

declare module 'fastify' {
  interface FastifyRequest {
    runner?: { readonly identity: RunnerIdentity; readonly verified: VerifiedToken };
  }
}

function serveLink(deps: Deps, socket: WebSocket, { taskId, attempt, coordinatorId }: RunnerIdentity): void {
  if (socket.protocol !== LINK_PROTOCOL) {
    const other = socket.protocol === '' ? 'none that is named' : socket.protocol;
    socket.close(LINK_PROTOCOL_ERROR, `this service speaks ${LINK_PROTOCOL}, not ${other}`.slice(0, 120));
    return;
  }
  const log = deps.log.child({ taskId, attempt });
  const send = (message: CoordinatorMessage): void => {
    if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(message));
  };
  const fence = (why: string): void => {
    log.info({ why }, 'a runner is fenced');
    socket.close(LINK_FENCED, why.slice(0, 120));
  };

  const isOwn = (task: TaskRecord): boolean => task.attempt === attempt && task.sandboxes.includes(attempt);

  /** As it was read or committed here last: most events come upon just that version, and then need no reading. */
  let known: { readonly known?: TaskRecord } = {};
  const remember = (task: TaskRecord): TaskRecord => {
    known = { known: task };
    return task;
  };

  /** The state as this runner must see it, at least as new as `version`, or null once it is not the attempt's runner any more. */
  const current = async (version = Infinity): Promise<TaskRecord | null> => {
    const seen = deps.store.lastSeen(taskId);
    const task = remember(seen !== null && seen.version >= version ? seen : await readTask(deps, taskId));
    return isOwn(task) ? task : null;
  };

  const desiredOf = desiredStates(deps, { taskId, attempt, coordinatorId });
  let lastSent = '';
  const pushDesired = async (version?: number): Promise<void> => {
    const task = await current(version);
    if (task === null) return fence('a newer attempt owns the task');
    const desired = await desiredOf(task);
    const text = JSON.stringify(desired);
    if (text === lastSent) return;
    lastSent = text;
    send({ type: 'desired', desired });
  };

  let unsubscribe: () => void = () => undefined;
  const welcome = async (): Promise<void> => {
    // Before the task is read: what changes from then on is told after the welcome.
    unsubscribe();
    unsubscribe = deps.feed.onTask(taskId, (told) => enqueue(() => pushDesired(told?.event.version)));
    const task = remember(await transition(deps, taskId, { type: 'linked', attempt }));
    if (!isOwn(task)) return fence('a newer attempt owns the task');
    const [outputOffset, desired] = await Promise.all([deps.recordings.size(taskId, attempt), desiredOf(task)]);
    send({ type: 'welcome', eventSeq: task.eventSeq, outputOffset, desired });
    lastSent = JSON.stringify(desired);
    log.info('a runner is linked');
  };

  const renew = async (): Promise<void> => {
    const renewed = (await deps.store.renewLease(taskId, attempt, LEASE.ttlMs)) || (await current()) !== null;
    if (renewed) send({ type: 'renewed' });
    else fence('the lease is over');
  };

  const receive = async (message: RunnerMessage): Promise<void> => {
    switch (message.type) {
      case 'heartbeat':
        return renew();
      case 'event': {
        const options = { eventSeq: message.seq, ...known };
        const task = remember(await transition(deps, taskId, runnerEvent(message.event, attempt), options));
        return send({ type: 'ack', eventSeq: task.eventSeq });
      }
      case 'output': {
        const { offset, data, skipped } = message;
        const outputOffset = await deps.recordings.append(
          taskId,
          attempt,
          offset,
          Buffer.from(data, 'base64'),
          skipped,
        );
        return send({ type: 'output_ack', outputOffset });
      }
    }
  };

  // One after the other: events are committed in the order in which the runner numbered them.
  let backlog = 0;
  let tail = Promise.resolve();
  const enqueue = (work: () => Promise<void>): void => {
    backlog += 1;
    if (backlog === MAX_BACKLOG) socket.pause();
    tail = tail
      .then(async () => (socket.readyState === socket.OPEN ? work() : undefined))
      .catch((error: unknown) => {
        if (error instanceof RoundhouseError && error.status < 500) return fence(error.message);
        // The runner dials again and sends again what was not acknowledged.
        log.warn({ err: error }, 'a link is cut');
        socket.close(1011);
      })
      .finally(() => {
        backlog -= 1;
        if (backlog < MAX_BACKLOG) socket.resume();
      });
  };

  socket.on('message', (data: Buffer) => {
    const message = parseMessage(data);
    if (typeof message === 'string') socket.close(LINK_PROTOCOL_ERROR, message);
    else enqueue(() => receive(message));
  });
  socket.on('error', (error) => log.info({ reason: error.message }, 'a link failed'));
  socket.on('close', () => unsubscribe());
  enqueue(welcome);
}

/** A message, or what is wrong with it. */
function parseMessage(data: Buffer): RunnerMessage | string {
  try {
    return RunnerMessage.parse(JSON.parse(data.toString('utf8')));
  } catch {
    return 'not a message of this protocol';
  }
}
