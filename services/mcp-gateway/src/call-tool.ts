import {
  type CallToolResult,
  ProtocolError,
  ProtocolErrorCode,
  type ServerContext,
} from '@modelcontextprotocol/server';
import {
  ACCESS,
  type CallOf,
  DEFAULT_KEPT_WAIT_MS,
  MAX_KEPT_WAIT_MS,
  type OPERATIONS,
  RoundhouseError,
  SELF,
  UnreachableError,
  Uuid,
} from '@roundhouse/contracts';
import { z } from 'zod';
import { apiClient, type Caller } from './identity.ts';
import type { Logger } from './logger.ts';
import { startProgress } from './progress.ts';
import { isExpected, renderError, renderResult, type Writers } from './render.ts';
import { declaresTasks, isKept, type KeptName, taskOf } from './tasks-extension.ts';
import { mayUse, type Tool, TOOLS } from './tools.ts';

/** The longest that a call is held, milliseconds: the longest wait (55 s) and some for the way, below clients' 60 s. */
const HOLD_MS = 58_000;

export interface CallParts {
  readonly coordinatorUrl: string;
  readonly caller: Caller;
  readonly log: Logger;
}

/**
 * Calls one tool for a caller. Errors of the service come back as results with `isError`; the caller's going (or
 * cancelling) ends the call to the coordinator at once.
 * @throws ProtocolError where there is no tool of that name.
 */
export async function callTool(
  name: string,
  given: Readonly<Record<string, unknown>>,
  context: ServerContext,
  parts: CallParts,
): Promise<CallToolResult> {
  const tool = TOOLS.get(name);
  if (tool === undefined)
    throw new ProtocolError(ProtocolErrorCode.InvalidParams, `there is no tool ${JSON.stringify(name.slice(0, 100))}`);
  const startedAt = performance.now();
  const keptFor = keptName(tool, context, parts.caller);
  const endProgress =
    tool.waits && keptFor === null ? startProgress(context, tool.listed.title ?? name) : () => undefined;
  let outcome = 'ok';
  try {
    const signal = AbortSignal.any([context.mcpReq.signal, AbortSignal.timeout(HOLD_MS)]);
    if (keptFor !== null) return await waitOrKeep(tool, keptFor, given, signal, parts);
    return renderResult(await perform(tool, given, signal, parts), writersOf(tool, given));
  } catch (thrown) {
    const error = heldTooLong(thrown) ? new UnreachableError('the coordinator did not answer in time') : thrown;
    outcome = error instanceof RoundhouseError ? error.code : error instanceof Error ? error.name : 'thrown';
    if (context.mcpReq.signal.aborted) outcome = 'cancelled';
    else if (!isExpected(error)) parts.log.error({ tool: name, err: error }, 'a call failed');
    return renderError(error);
  } finally {
    endProgress();
    parts.log.info({ tool: name, outcome, ms: Math.round(performance.now() - startedAt) }, 'call');
  }
}

/** A sub-task hears from its coordinator and of itself, but for what the tasks before it came to. */
function writersOf({ operation }: Tool, given: Readonly<Record<string, unknown>>): Writers {
  if (operation === 'readOutput' && given['form'] === 'raw') return 'raw';
  return ACCESS[operation].subtask === 'none' || operation === 'getInputs' ? 'strangers' : 'own';
}

async function perform(
  tool: Tool,
  given: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
  parts: CallParts,
): Promise<unknown> {
  const { caller, coordinatorUrl } = parts;
  if (caller.role === null || !mayUse(caller.role, tool)) {
    throw new RoundhouseError('forbidden', `The tool ${tool.listed.name} is not for the role of this token.`);
  }
  const { idempotencyKey, ...input } = argumentsOf(tool, given);
  if (tool.takesTaskId) input['id'] = taskIdOf(input);
  if (!tool.takesTaskId && caller.role === 'subtask') input['id'] = SELF;
  // What the arguments are is the service's to judge: it has the better words.
  return await apiClient(coordinatorUrl, caller).call(tool.operation, input, { signal, idempotencyKey });
}

/** The wait that is kept for a client which takes a task for an answer; null where the call is answered as ever. */
function keptName(tool: Tool, context: ServerContext, { role }: Caller): KeptName | null {
  const mayKeep = role !== null && mayUse(role, tool) && ACCESS.keepWait[role] !== 'none';
  return mayKeep && isKept(tool.operation) && declaresTasks(context) ? tool.operation : null;
}

const ForMs = z.int().min(0).max(MAX_KEPT_WAIT_MS).default(DEFAULT_KEPT_WAIT_MS);

/**
 * Looks once, which also refuses what is wrong and acknowledges what is to be; where there is nothing yet the coordinator
 * keeps the wait, and its name is the answer.
 */
async function waitOrKeep(
  tool: Tool,
  operation: KeptName,
  given: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
  parts: CallParts,
): Promise<CallToolResult> {
  const { timeoutMs, ...waitedFor } = given;
  const forMs = ForMs.safeParse(timeoutMs);
  if (!forMs.success) throw invalid('timeoutMs', `a whole number of 0 to ${MAX_KEPT_WAIT_MS}`);
  const value = await perform(tool, { ...waitedFor, timeoutMs: 0 }, signal, parts);
  const { outcome, cursor } = value as { outcome: string; cursor?: string };
  if (outcome !== 'timeout' || forMs.data === 0) return renderResult(value, writersOf(tool, given));
  const input: Record<string, unknown> = { ...waitedFor };
  if (tool.takesTaskId) input['id'] = taskIdOf(input);
  // Of events: those right after what was looked at.
  if (operation === 'waitForEvents') input['cursor'] = cursor;
  const wait = { operation, input } as CallOf<typeof OPERATIONS.keepWait>['wait'];
  const kept = await apiClient(parts.coordinatorUrl, parts.caller).call(
    'keepWait',
    { wait, forMs: forMs.data },
    { signal },
  );
  return { content: [], resultType: 'task', ...taskOf(kept) };
}

const Key = z.string().min(1).max(200).optional();

function argumentsOf(
  tool: Tool,
  given: Readonly<Record<string, unknown>>,
): Record<string, unknown> & { idempotencyKey: string | undefined } {
  if (!tool.takesIdempotencyKey) return { ...given, idempotencyKey: undefined };
  const key = Key.safeParse(given['idempotencyKey']);
  if (!key.success) throw invalid('idempotencyKey', 'a text of 1 to 200 characters');
  return { ...given, idempotencyKey: key.data };
}

// Checked here although the service checks it too: it becomes a part of a path, where ".." would mean another route.
function taskIdOf(input: Record<string, unknown>): string {
  const id = Uuid.safeParse(input['taskId']);
  if (!id.success) throw invalid('taskId', 'a UUID v4');
  delete input['taskId'];
  return id.data;
}

function invalid(path: string, expected: string): RoundhouseError {
  return new RoundhouseError('validation_failed', `The argument ${path} must be ${expected}.`, {
    issues: [{ path, message: `must be ${expected}` }],
  });
}

const heldTooLong = (error: unknown): boolean => error instanceof Error && error.name === 'TimeoutError';
