import { readFile } from 'node:fs/promises';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { RoundhouseError } from '@roundhouse/contracts';
import { type Caller, claimedRole, identify } from './identity.ts';
import type { Logger } from './logger.ts';
import { createServer } from './mcp-server.ts';
import { type StdioOptions, UsageError } from './stdio-arguments.ts';

const IDENTIFY_MS = 10_000;
const STDIO = { transport: 'mcp-stdio', name: null, version: null, agent: null } as const;

/**
 * Serves MCP on standard input and output for one caller, until its input ends. A coordinator service that is away does
 * not keep it from starting: its tools are listed, and calls answer `service_unreachable` until it is back.
 * @throws RoundhouseError where the token is refused, UsageError where it is not a token or of another task
 */
export async function startStdio(options: StdioOptions, log: Logger): Promise<{ stop(): Promise<void> }> {
  const caller = await identifyFor(options);
  const handle = serveStdio(() => createServer({ coordinatorUrl: options.url, caller, log }), {
    onerror: (error) => log.warn({ err: error }, 'the protocol refused a message'),
  });
  return { stop: () => handle.close() };
}

async function identifyFor(options: StdioOptions): Promise<Caller> {
  const { coordinatorId, doneToken } = options;
  const token = 'text' in options.token ? options.token.text : (await readToken(options.token.file)).trim();
  if (claimedRole(token) === null) throw new UsageError('the token is not one of this service');
  const caller = await identify(
    options.url,
    { token, coordinatorId, doneToken, client: STDIO },
    AbortSignal.timeout(IDENTIFY_MS),
  );
  if (caller.role === null) throw new RoundhouseError('forbidden', 'the role of this token has no tools');
  const { identity } = caller;
  if (identity?.role === 'operator' && coordinatorId === undefined)
    throw new UsageError('an operator token needs --coordinator-id');
  if (options.taskId !== undefined && identity?.role === 'subtask' && identity.taskId !== options.taskId) {
    throw new UsageError('--task-id is not the task that the token is for');
  }
  return caller;
}

const readToken = (file: string): Promise<string> =>
  readFile(file, 'utf8').catch((error: unknown) => {
    throw new UsageError(`the token file cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  });
