import { once } from 'node:events';
import { type IncomingHttpHeaders, type IncomingMessage, request as httpRequest } from 'node:http';
import { connect, createServer, type Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { listen, type TestServer } from './servers.ts';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Ask {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

/** All that a stream gives until its end. Unlike `buffer` of Node it leaves the other half of a socket alone. */
export async function allOf(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(stream, 'end');
  return Buffer.concat(chunks);
}

/** One HTTP request over a Unix socket; `target` stands in the request line as it is. */
export async function ask(socketPath: string, target: string, given: Ask = {}): Promise<Answer> {
  const request = httpRequest({
    socketPath,
    path: target,
    method: given.method ?? 'GET',
    headers: { host: 'whatever.test', ...given.headers },
    agent: false,
  });
  // An answer that comes before the body has gone out breaks the body, after the answer.
  request.on('error', () => undefined);
  request.end(given.body);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return { status: response.statusCode ?? 0, headers: response.headers, body: await text(response) };
}

/** CONNECT; the socket is open where the status is 200, and the caller's to end. */
export async function tunnel(
  socketPath: string,
  authority: string,
): Promise<{ status: number; body: string; socket: Socket }> {
  const request = httpRequest({ socketPath, method: 'CONNECT', path: authority, agent: false });
  request.end();
  const [response, socket, head] = (await once(request, 'connect')) as [IncomingMessage, Socket, Buffer];
  const status = response.statusCode ?? 0;
  socket.on('error', () => socket.destroy());
  if (status === 200) return { status, body: '', socket };
  return { status, body: head.toString() + (await text(socket)), socket };
}

/** Sends bytes and answers all that comes back until the other end closes. */
export async function talk(socketPath: string, bytes: string): Promise<string> {
  const socket = connect({ path: socketPath, allowHalfOpen: true });
  socket.on('error', () => socket.destroy());
  socket.end(bytes);
  let seen = '';
  socket.setEncoding('latin1').on('data', (chunk: string) => (seen += chunk));
  await once(socket, 'close');
  return seen;
}

/** What a runner does inside of its sandbox: a port of 127.0.0.1 that leads to a door. */
export const startLocalDoor = (socketPath: string): Promise<TestServer> =>
  listen(
    createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
      const far = connect({ path: socketPath, allowHalfOpen: true });
      far.on('error', () => near.destroy());
      near.on('close', () => far.destroy());
      near.pipe(far).pipe(near);
    }),
  );
