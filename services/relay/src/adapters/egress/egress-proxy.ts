import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { readAuthority, type Target } from '../../domain/host-name.ts';
import { LineAllowance } from '../../domain/line-allowance.ts';
import { readAbsoluteForm } from '../../domain/request-target.ts';
import type { EgressRule } from '../../domain/egress-rules.ts';
import type { Logger } from '../../logger.ts';
import type { Resolve } from '../../ports.ts';
import { answerInText, forward } from './forward.ts';
import { oneAtATime } from './one-at-a-time.ts';
import { openTunnel, refuseTunnel } from './tunnel.ts';
import { openWayOut } from './way-out.ts';

/** A connection without a byte either way for so long is ended, milliseconds. */
const IDLE_MS = 600_000;
/** How long the head of a request may take to arrive, milliseconds. */
const HEAD_MS = 30_000;
/** How long a connection may wait for its next request, milliseconds. */
const KEEP_ALIVE_MS = 65_000;
/** How many refusals a second are logged. */
const LINES_PER_SECOND = 20;

const WRONG_FORM = 'egress: this is a proxy; send CONNECT host:port, or http://host/path';

export interface EgressOptions {
  readonly rules: readonly EgressRule[];
  readonly resolve: Resolve;
  readonly log: Logger;
}

export interface EgressProxies extends Omit<EgressOptions, 'resolve'> {
  /** Makes what answers the questions of one sandbox. */
  readonly resolver: () => Resolve;
}

/**
 * Makes HTTP/1.1 proxies, one for each sandbox, that let through what the rules allow: CONNECT, and plain requests in the
 * absolute form. They share the lines of the log.
 */
export function egressProxies({ rules, resolver, log }: EgressProxies): () => Server {
  const lines = new LineAllowance(LINES_PER_SECOND);
  // Host and port only: a path, a header or a body may hold what is nobody's business.
  const tell = (target: Target, reason: string): void => {
    const leftOut = lines.take(Date.now());
    const where = { host: target.host.text, port: target.port };
    if (leftOut !== null) log.info({ ...where, reason, leftOut }, 'a way out was not opened');
  };
  return () => createEgressProxy({ rules, resolve: resolver(), log }, tell);
}

function createEgressProxy(options: EgressOptions, tell: Tell): Server {
  // A body may take as long as it likes while bytes come; requestTimeout would bound it as a whole.
  const server = createServer({ headersTimeout: HEAD_MS, requestTimeout: 0, keepAliveTimeout: KEEP_ALIVE_MS });
  server.timeout = IDLE_MS;
  const broken = (error: unknown): void => options.log.error({ err: error }, 'the egress proxy failed on a request');
  server.on('connect', (request: IncomingMessage, near: Socket, head: Buffer) => {
    // From here on the socket is ours: one without a listener that breaks would end the process.
    near.on('error', () => near.destroy());
    connectOut(request.url ?? '', near, head, options, tell).catch((error: unknown) => {
      if (!near.destroyed) broken(error);
      near.destroy();
    });
  });
  const serve = oneAtATime((request, response) => forwardOut(request, response, options, tell));
  server.on('request', (request, response) => {
    // Written to after its client was gone: its close says the same.
    response.on('error', () => response.destroy());
    serve(request, response).catch((error: unknown) => {
      if (!response.destroyed) broken(error);
      answerInText(response, 502, 'egress: the request could not be sent on');
    });
  });
  return server;
}

type Tell = (target: Target, reason: string) => void;

async function connectOut(
  authority: string,
  near: Socket,
  head: Buffer,
  options: EgressOptions,
  tell: Tell,
): Promise<void> {
  // The server's idle bound is for requests; the tunnel has one of its own.
  near.setTimeout(0);
  const target = readAuthority(authority);
  if (target === null) return refuseTunnel(near, 400, WRONG_FORM);
  const way = await whileOpen(near, (signal) => openWayOut(options, target, signal));
  if (way.outcome === 'open') return openTunnel(near, way.socket, head, IDLE_MS);
  tell(target, way.reason);
  refuseTunnel(near, way.outcome === 'refused' ? 403 : way.status, way.reason);
}

async function forwardOut(
  request: IncomingMessage,
  response: ServerResponse,
  options: EgressOptions,
  tell: Tell,
): Promise<void> {
  const plain = readAbsoluteForm(request.url ?? '');
  if (plain === null) return answerInText(response, 400, WRONG_FORM);
  const way = await whileOpen(response, (signal) => openWayOut(options, plain.target, signal));
  if (way.outcome === 'open') return forward(request, response, plain, way.socket);
  tell(plain.target, way.reason);
  answerInText(response, way.outcome === 'refused' ? 403 : way.status, way.reason);
}

/** Aborts what is done for a client when the client is gone. */
async function whileOpen<T>(client: Socket | ServerResponse, act: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const gone = new AbortController();
  const abort = (): void => gone.abort();
  client.once('close', abort);
  if (client.destroyed) abort();
  try {
    return await act(gone.signal);
  } finally {
    client.off('close', abort);
  }
}
