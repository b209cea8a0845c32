import { AsyncLocalStorage } from 'node:async_hooks';
import { once } from 'node:events';
import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type AuthInfo, createMcpHandler, type Server as McpServer } from '@modelcontextprotocol/server';
import { RoundhouseError } from '@roundhouse/contracts';
import { createNodeTransport } from '@roundhouse/host';
import type { GatewayConfig } from './config.ts';
import { type Caller, callerOf, type Credentials, whoami } from './identity.ts';
import type { Logger } from './logger.ts';
import { createServer, introduced } from './mcp-server.ts';
import { createNotificationBus } from './notification-bus.ts';
import { checkAddress, readCredentials } from './request-guard.ts';
import { createTokenProof, type TokenProof } from './token-proof.ts';
import { readRequest, writeResponse } from './web-exchange.ts';

/** The most bytes of a request's body: a prompt of 64 KiB, every byte of it escaped, and room. */
const MAX_BODY_BYTES = 1_048_576;
/** Asking whose token it is takes a moment or not at all, milliseconds. */
const IDENTIFY_MS = 10_000;
/** How long a stop lets calls in flight end, milliseconds; a wait that is cut consumes nothing. */
const DRAIN_MS = 1_000;

export interface Gateway {
  /** `http://host:port`; the MCP endpoint is `/mcp` below it. */
  readonly url: string;
  /** Ends all calls and closes the port. Twice is fine. */
  stop(): Promise<void>;
}

/** Serves MCP over Streamable HTTP, both eras, statelessly: each request is answered by a server of its own. */
export async function startGateway(config: GatewayConfig, log: Logger): Promise<Gateway> {
  const report = (error: Error): void => log.warn({ err: error }, 'the protocol refused a request');
  const served = new WeakMap<Caller, McpServer>();
  const callers = new AsyncLocalStorage<Caller>();
  const api = createNodeTransport();
  const handler = createMcpHandler(
    ({ authInfo, era }) => {
      const caller = callerIn(authInfo);
      // In the older era a stateless server has no stream of its own, so nobody could be told.
      const subscribable = era === 'modern';
      const server = createServer({ coordinatorUrl: config.coordinatorUrl, caller, log }, { era, subscribable });
      // The older era says what calls in one request alone, and this server is of that request.
      if (era === 'legacy') served.set(caller, server);
      return server;
    },
    {
      onerror: report,
      maxRequestBodySize: MAX_BODY_BYTES,
      bus: createNotificationBus(config.coordinatorUrl, callers, log),
    },
  );

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    checkAddress(request, config.allowedHosts);
    const path = (request.url ?? '').split('?', 1)[0];
    if (path === '/health') return sendJson(response, 200, { status: 'ok' });
    if (path !== '/mcp') throw new RoundhouseError('route_not_found', 'The MCP endpoint is /mcp.');
    const signal = goneSignal(response);
    const given = readCredentials(request);
    const proof = createTokenProof(api.send, (transport) =>
      whoami(config.coordinatorUrl, given, transport, AbortSignal.any([signal, AbortSignal.timeout(IDENTIFY_MS)])),
    );
    const caller = await callerWithTools(given, proof);
    const { request: asked, parsedBody } = await readRequest(request, MAX_BODY_BYTES, signal);
    const answered = await callers.run(caller, () =>
      handler.fetch(asked, { authInfo: authOf(caller), ...(parsedBody === undefined ? {} : { parsedBody }) }),
    );
    await writeResponse(answered, response, () => proof.settle(), signal);
    const server = served.get(caller);
    if (server !== undefined) await introduce(config.coordinatorUrl, introduced(caller, server), log);
  };
  const server = createHttpServer({ keepAliveTimeout: 65_000 }, (request, response) => {
    answer(request, response).catch((error: unknown) => refuse(response, error, log));
  });
  server.listen(config.port, config.host);
  await once(server, 'listening');
  return {
    url: urlOf(server),
    stop: async () => {
      await close(server, handler.close);
      api.close();
    },
  };
}

/** Aborted when the client has gone before its answer was. */
function goneSignal(response: ServerResponse): AbortSignal {
  const gone = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) gone.abort();
  });
  return gone.signal;
}

/** @throws RoundhouseError where the role has no tools, or an operator does not say for whom it acts; a bad token is that first. */
async function callerWithTools(given: Credentials, proof: TokenProof): Promise<Caller> {
  const caller = callerOf(given, proof.transport);
  if (caller.role === null) {
    await proof.settle();
    throw new RoundhouseError('forbidden', 'The role of this token has no tools here.');
  }
  if (caller.role === 'operator' && caller.coordinatorId === undefined) {
    await proof.settle();
    throw new RoundhouseError(
      'coordinator_required',
      'An operator acts for a coordinator, and must say for which one.',
    );
  }
  return caller;
}

/** Tells the coordinator what a client has called itself; that decides nothing, so that it may fail. */
async function introduce(coordinatorUrl: string, caller: Caller, log: Logger): Promise<void> {
  if (caller.client.name === null) return;
  const told = whoami(coordinatorUrl, caller, caller.transport, AbortSignal.timeout(IDENTIFY_MS));
  await told.catch((error: unknown) => log.debug({ err: error }, 'a client could not be introduced'));
}

// The protocol library hands `authInfo` through as it is; the caller rides in it.
const authOf = (caller: Caller): AuthInfo => ({ token: caller.token, clientId: '', scopes: [], extra: { caller } });

function callerIn(auth: AuthInfo | undefined): Caller {
  const caller = auth?.extra?.['caller'];
  if (caller === undefined) throw new Error('a request reached the protocol without its caller');
  return caller as Caller;
}

function refuse(response: ServerResponse, error: unknown, log: Logger): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const known =
    error instanceof RoundhouseError ? error : new RoundhouseError('internal', 'The gateway failed on this request.');
  if (known !== error) log.error({ err: error }, 'a request failed');
  // The body of a refused request is not read, so the connection cannot be used again.
  response.setHeader('connection', 'close');
  if (known.status === 401) response.setHeader('www-authenticate', 'Bearer');
  sendJson(response, known.status, known.toBody());
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

async function close(server: Server, closeProtocol: () => Promise<void>): Promise<void> {
  if (!server.listening) return;
  const closed = once(server, 'close');
  server.close();
  const drained = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
  await Promise.all([closed, closeProtocol()]);
  clearTimeout(drained);
}

/** Where it is reached from here; listening on every address is no address to dial. */
function urlOf(server: Server): string {
  const { address, port, family } = server.address() as AddressInfo;
  if (family === 'IPv6') return `http://[${address === '::' ? '::1' : address}]:${port}`;
  return `http://${address === '0.0.0.0' ? '127.0.0.1' : address}:${port}`;
}
