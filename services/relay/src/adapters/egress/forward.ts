import { type IncomingMessage, request as httpRequest, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { pipeline } from 'node:stream';
import { forwardedHeaders } from '../../domain/forwarded-headers.ts';
import type { PlainRequest } from '../../domain/request-target.ts';

/**
 * Sends a plain request on over a connection that was made for it alone, and its answer back; both at the pace of the
 * slower reader. It owns the connection from here on. What breaks after the answer has begun breaks the answer.
 */
export function forward(
  request: IncomingMessage,
  response: ServerResponse,
  { path, host }: PlainRequest,
  socket: Socket,
): void {
  response.once('close', () => socket.destroy());
  const headers = ['Host', host, ...forwardedHeaders(request.rawHeaders, ['host'])];
  // Its framing is ours to make again; the body itself is passed on as it came.
  const encoding = request.headers['transfer-encoding'];
  if (encoding !== undefined) headers.push('Transfer-Encoding', encoding);
  const upstream = httpRequest({ method: request.method ?? 'GET', path, headers, createConnection: () => socket });
  const fail = (): void => {
    request.unpipe(upstream);
    socket.destroy();
    answerInText(response, 502, `egress: ${host} gave no answer that could be read`);
  };
  // More than one may come: what is still written to a request that has failed fails as well.
  upstream.on('error', fail);
  // An answer that changes the protocol ends the connection with neither an error nor a response.
  upstream.once('close', () => {
    if (!response.headersSent) fail();
  });
  upstream.once('response', (answer) => {
    try {
      response.writeHead(answer.statusCode ?? 502, forwardedHeaders(answer.rawHeaders));
    } catch {
      // A status that no answer can have. The words of the status line are not passed on for the same reason.
      return fail();
    }
    pipeline(answer, response, () => socket.destroy());
  });
  request.pipe(upstream);
}

/** One line; the connection is closed after it, since what is left of the request is not read. */
export function answerInText(response: ServerResponse, status: number, line: string): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', connection: 'close' });
  response.end(`${line}\n`);
}
