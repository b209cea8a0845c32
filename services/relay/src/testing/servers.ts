import { once } from 'node:events';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

export interface TestServer {
  readonly port: number;
  /** How many connections it has taken so far. */
  readonly taken: () => number;
  close(): Promise<void>;
}

export const startTcp = (onConnection: (socket: Socket) => void): Promise<TestServer> =>
  listen(createServer({ allowHalfOpen: true }, onConnection));

export const startHttp = (listener: RequestListener): Promise<TestServer> => listen(createHttpServer(listener));

/** Listens on a free port of 127.0.0.1; `close` ends what is still connected. */
export async function listen(server: Server): Promise<TestServer> {
  const sockets = new Set<Socket>();
  let taken = 0;
  server.on('connection', (socket) => {
    taken += 1;
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    taken: () => taken,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      sockets.forEach((socket) => socket.destroy());
      await closed;
    },
  };
}
