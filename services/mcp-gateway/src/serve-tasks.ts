import {
  MissingRequiredClientCapabilityError,
  ProtocolError,
  ProtocolErrorCode,
  type Result,
  type Server,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { type ApiClient, type KeptWait, RoundhouseError, UnreachableError } from '@roundhouse/contracts';
import { z } from 'zod';
import type { CallParts } from './call-tool.ts';
import { apiClient } from './identity.ts';
import { renderError, renderResult } from './render.ts';
import { awayTask, declaresTasks, parseTaskId, TASKS_EXTENSION, type TaskName, taskOf } from './tasks-extension.ts';

/** How long one question waits for news, ms: well below what clients allow a call that says nothing. */
const POLL_HOLD_MS = 10_000;
/** The longest that a question is held, ms. */
const HOLD_MS = 20_000;

const Params = z.looseObject({ taskId: z.string().max(128) });

/** What becomes of a task: get, update and cancel, each for a client that declares the extension. */
export function serveTasks(server: Server, parts: CallParts): void {
  const serve = (method: string, answer: (client: ApiClient, name: TaskName, signal: AbortSignal) => Promise<Result>) =>
    server.setRequestHandler(method, { params: Params }, async ({ taskId }, context: ServerContext) => {
      if (!declaresTasks(context))
        throw new MissingRequiredClientCapabilityError({
          requiredCapabilities: { extensions: { [TASKS_EXTENSION]: {} } },
        });
      const name = parseTaskId(taskId);
      if (name === null) throw notFound();
      const signal = AbortSignal.any([context.mcpReq.signal, AbortSignal.timeout(HOLD_MS)]);
      try {
        const result = await answer(apiClient(parts.coordinatorUrl, parts.caller), name, signal);
        const { status } = result as { status?: string };
        parts.log[status === 'working' ? 'debug' : 'info']({ method, waitId: name.id, status }, 'task');
        return result;
      } catch (error) {
        if (error instanceof RoundhouseError && (error.code === 'wait_not_found' || error.code === 'validation_failed'))
          throw notFound();
        if (context.mcpReq.signal.aborted || method !== 'tasks/get') throw asProtocolError(error);
        return whileAway(error, name);
      }
    });

  serve('tasks/get', async (client, { id }, signal) =>
    shown(await client.call('readWait', { id, timeoutMs: POLL_HOLD_MS }, { signal })),
  );
  // Nothing that is waited for needs anything of the client, so there is nothing to take of it.
  serve('tasks/update', async (client, { id }, signal) => {
    await client.call('readWait', { id, timeoutMs: 0 }, { signal });
    return {};
  });
  serve('tasks/cancel', async (client, { id }, signal) => {
    await client.call('cancelWait', { id }, { signal });
    return {};
  });
}

const shown = (kept: KeptWait): Result =>
  kept.answer === null ? taskOf(kept) : { ...taskOf(kept), result: renderResult(kept.answer, 'strangers') };

/** What the wait was refused is its result; what may go better next time leaves it working. */
function whileAway(error: unknown, name: TaskName): Result {
  const refused = error instanceof RoundhouseError && !error.toBody().error.retry;
  const away = error instanceof RoundhouseError || error instanceof UnreachableError || isTimeout(error);
  if (!away) throw error;
  const task = awayTask(name, Date.now());
  if (task === null) throw notFound();
  return refused ? { ...task, status: 'completed', statusMessage: error.message, result: renderError(error) } : task;
}

const isTimeout = (error: unknown): boolean => error instanceof Error && error.name === 'TimeoutError';

const notFound = (): ProtocolError =>
  new ProtocolError(ProtocolErrorCode.InvalidParams, 'Task not found: it is over and forgotten, or not yours.');

const asProtocolError = (error: unknown): unknown =>
  error instanceof RoundhouseError || error instanceof UnreachableError
    ? new ProtocolError(ProtocolErrorCode.InternalError, error.message)
    : error;
