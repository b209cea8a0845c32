import { readFile } from 'node:fs/promises';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import type { Server } from '@modelcontextprotocol/server';
import { RoundhouseError, UnreachableError } from '@roundhouse/contracts';
import { createNodeTransport, type NodeTransport } from '@roundhouse/host';
import { followNotifications } from './follow-notifications.ts';
import { type Caller, callerOf, claimedRole, whoami } from './identity.ts';
import type { Logger } from './logger.ts';
import { createServer } from './mcp-server.ts';
import { mayBeTold, NOTIFICATIONS_URI } from './notifications-resource.ts';
import { type StdioOptions, UsageError } from './stdio-arguments.ts';

const IDENTIFY_MS = 10_000;
const STDIO = { transport: 'mcp-stdio', name: null, version: null, agent: null } as const;

/**
 * Serves MCP on standard input and output for one caller, until its input ends. A coordinator service that is away does
 * not keep it from starting: its tools are listed, and calls answer `service_unreachable` until it is back.
 * @throws RoundhouseError where the token is refused, UsageError where it is not a token or of another task
 */
export async function startStdio(options: StdioOptions, log: Logger): Promise<{ stop(): Promise<void> }> {
  const api = createNodeTransport();
  const caller = await identifyFor(options, api);
  const told = mayBeTold(caller.role);
  let unfollow: () => void = () => undefined;
  /** One stream of the service's at a time, for the connection that is served now; null: for none. */
  const follow = (server: Server | null): void => {
    unfollow();
    unfollow = () => undefined;
    if (server === null) return;
    const tell = (): void =>
      void server.sendResourceUpdated({ uri: NOTIFICATIONS_URI }).catch((error: unknown) => {
        log.debug({ err: error }, 'a client could not be told');
      });
    unfollow = followNotifications(options.url, caller, tell, log);
  };
  const handle = serveStdio(
    ({ era }) => {
      const server = createServer({ coordinatorUrl: options.url, caller, log }, { era, subscribable: true });
      if (!told) return server;
      // What a client of the newer era listens to the library knows; one of the older era says so to us.
      follow(era === 'modern' ? server : null);
      const onOff = (on: boolean) => (): Record<string, never> => {
        follow(on ? server : null);
        return {};
      };
      server.setRequestHandler('resources/subscribe', onOff(true));
      server.setRequestHandler('resources/unsubscribe', onOff(false));
      return server;
    },
    { onerror: (error) => log.warn({ err: error }, 'the protocol refused a message') },
  );
  return {
    stop: async () => {
      follow(null);
      await handle.close();
      api.close();
    },
  };
}

async function identifyFor(options: StdioOptions, api: NodeTransport): Promise<Caller> {
  const { coordinatorId, doneToken } = options;
  const token = 'text' in options.token ? options.token.text : (await readToken(options.token.file)).trim();
  if (claimedRole(token) === null) throw new UsageError('the token is not one of this service');
  const caller = callerOf({ token, coordinatorId, doneToken, client: STDIO }, api.send);
  const asked = whoami(options.url, caller, api.send, AbortSignal.timeout(IDENTIFY_MS));
  const identity = await asked.catch((error: unknown) => {
    if (error instanceof UnreachableError) return null;
    throw error;
  });
  if (caller.role === null) throw new RoundhouseError('forbidden', 'the role of this token has no tools');
  if (caller.role === 'operator' && coordinatorId === undefined)
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
