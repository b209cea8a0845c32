import { randomBytes } from 'node:crypto';
import {
  type Assignment,
  type CoordinatorMessage,
  DEFAULT_AUTHOR,
  type Desired,
  LEASE,
  LINK_FENCED,
  LINK_PATH,
  LINK_PROTOCOL_ERROR,
  RoundhouseError,
  RunnerMessage,
  type TaskRecord,
  type TokenInfo,
  archiveRef,
} from '@roundhouse/contracts';
import type { FastifyInstance } from 'fastify';
import type { WebSocket } from 'ws';
import { isLive, outstandingPrompts } from '../domain/derived.ts';
import { archiveToken } from '../handlers/attempts.ts';
import type { Deps } from '../handlers/deps.ts';
import { runnerEvent } from '../handlers/runner-event.ts';
import { readTask, transition } from '../handlers/transition.ts';
import { authenticate } from './authenticate.ts';

type RunnerIdentity = Extract<TokenInfo['identity'], { role: 'runner' }>;

const TERMINAL = { cols: 120, rows: 40 } as const;
/** How many messages of one runner may wait before its socket is not read any more. */
const MAX_BACKLOG = 64;

/** `GET /link`: one WebSocket a runner. See the contracts' link for the protocol. */
export function registerLink(app: FastifyInstance, deps: Deps): void {
  app.get(
    LINK_PATH,
    {
      websocket: true,
      schema: { hide: true },
      preValidation: async (request) => {
        const { identity } = await authenticate(deps, request);
        if (identity.role !== 'runner') throw new RoundhouseError('forbidden', 'only a runner has a link');
        request.runner = identity;
      },
    },
    (socket, request) => {
      if (request.runner !== undefined) serveLink(deps, socket, request.runner);
    },
  );
}

declare module 'fastify' {
  interface FastifyRequest {
    runner?: RunnerIdentity;
  }
}

function serveLink(deps: Deps, socket: WebSocket, { taskId, attempt, coordinatorId }: RunnerIdentity): void {
  const log = deps.log.child({ taskId, attempt });
  const send = (message: CoordinatorMessage): void => {
    if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(message));
  };
  const fence = (why: string): void => {
    log.info({ why }, 'a runner is fenced');
    socket.close(LINK_FENCED, why.slice(0, 120));
  };

  /** The state as this runner must see it, or null once it is not the attempt's runner any more. */
  const current = async (): Promise<TaskRecord | null> => {
    const task = await readTask(deps, taskId);
    return task.attempt === attempt && task.sandboxes.includes(attempt) ? task : null;
  };

  const texts = new Map<string, string>();
  let stopToken: string | null = null;
  const desiredOf = async (task: TaskRecord): Promise<Desired> => {
    if (!isLive(task) || task.closing !== null) {
      const ref = archiveRef(taskId, attempt);
      stopToken ??= await archiveToken(deps, { coordinatorId, taskId, attempt, ref });
      const reason = task.closing?.reason ?? 'the attempt has ended';
      return { prompts: [], publish: null, stop: { reason, archiveRef: ref, archiveToken: stopToken } };
    }
    const prompts = outstandingPrompts(task);
    const missing = prompts.filter(({ id }) => !texts.has(id)).map(({ id }) => id);
    const read = await deps.store.promptTexts(taskId, missing);
    for (const [index, id] of missing.entries()) texts.set(id, read[index] ?? '');
    return {
      prompts: prompts.map(({ id, ordinal }) => ({ id, ordinal, text: texts.get(id) ?? '' })),
      publish: task.publish === null ? null : { id: task.publish.id },
      stop: null,
    };
  };

  let lastSent = '';
  const pushDesired = async (): Promise<void> => {
    const task = await current();
    if (task === null) return fence('a newer attempt owns the task');
    const desired = await desiredOf(task);
    const text = JSON.stringify(desired);
    if (text === lastSent) return;
    lastSent = text;
    send({ type: 'desired', desired });
  };

  let unsubscribe: () => void = () => undefined;
  const welcome = async (needsAssignment: boolean): Promise<void> => {
    await transition(deps, taskId, { type: 'linked', attempt });
    const task = await current();
    if (task === null) return fence('a newer attempt owns the task');
    const assignment = needsAssignment ? await assign(deps, task) : null;
    send({
      type: 'welcome',
      eventSeq: task.eventSeq,
      outputOffset: await deps.recordings.size(taskId, attempt),
      assignment,
    });
    unsubscribe();
    unsubscribe = deps.feed.onTask(taskId, () => enqueue(pushDesired));
    lastSent = '';
    await pushDesired();
    log.info('a runner is linked');
  };

  const renew = async (): Promise<void> => {
    const renewed = (await deps.store.renewLease(taskId, attempt, LEASE.ttlMs)) || (await current()) !== null;
    if (renewed) send({ type: 'renewed' });
    else fence('the lease is over');
  };

  const receive = async (message: RunnerMessage): Promise<void> => {
    switch (message.type) {
      case 'hello':
        return welcome(message.needsAssignment);
      case 'heartbeat':
        return renew();
      case 'event': {
        const task = await transition(deps, taskId, runnerEvent(message.event, attempt), { eventSeq: message.seq });
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
    if (message === null) socket.close(LINK_PROTOCOL_ERROR, 'not a message of this protocol');
    else enqueue(() => receive(message));
  });
  socket.on('error', (error) => log.info({ reason: error.message }, 'a link failed'));
  socket.on('close', () => unsubscribe());
}

function parseMessage(data: Buffer): RunnerMessage | null {
  let json: unknown;
  try {
    json = JSON.parse(data.toString('utf8'));
  } catch {
    return null;
  }
  return RunnerMessage.safeParse(json).data ?? null;
}

/** The tokens of the agent: they say which sub-task speaks, and die with the attempt. */
async function assign(deps: Deps, task: TaskRecord): Promise<Assignment> {
  const { id: taskId, attempt, coordinatorId, lifecycle } = task;
  if (lifecycle.state !== 'running') throw new RoundhouseError('attempt_stale', `the task is ${lifecycle.state}`);
  const project = await deps.registry.project(task.projectId);
  const doneToken = randomBytes(24).toString('base64url');
  const identity = { role: 'subtask', coordinatorId, taskId, attempt } as const;
  const { token } = await deps.tokens.issue(identity, `agent of ${taskId}, attempt ${attempt}`, null, doneToken);
  return {
    taskId,
    attempt,
    projectId: task.projectId,
    baseBranch: task.baseBranch,
    baseCommit: lifecycle.baseCommit,
    branch: task.branch,
    agent: task.agent,
    author: project?.author ?? DEFAULT_AUTHOR,
    subtaskToken: token,
    doneToken,
    ...TERMINAL,
  };
}
