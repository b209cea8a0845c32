import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** The most requests that one connection may send ahead of its answers; apt sends ten. */
const MAX_AHEAD = 32;

type Serve = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/**
 * Serves the requests of one connection one after the other. Node hands out every request that a client sends ahead at
 * once, and a connection would become as many connections to the outside as it likes. One that sends too many is ended.
 */
export function oneAtATime(serve: Serve): Serve {
  const lines = new WeakMap<Socket, { open: number; last: Promise<unknown> }>();
  return async (request, response) => {
    const { socket } = request;
    const line = lines.get(socket) ?? { open: 0, last: Promise.resolve() };
    lines.set(socket, line);
    if (line.open >= MAX_AHEAD) {
      socket.destroy();
      return;
    }
    line.open += 1;
    const before = line.last;
    line.last = new Promise<void>((resolve) => response.once('close', resolve)).then(() => (line.open -= 1));
    await before;
    // Without its connection its turn never comes: an answer before it was the last. Such a response never closes either.
    if (response.socket !== null) await serve(request, response);
  };
}
