import { once } from 'node:events';
import { type Server, type Socket, connect, createServer } from 'node:net';

/**
 * A Unix socket in front of the engine's, that can be cut and put back: a real engine that is away for whoever speaks to
 * it through here, and for nobody else.
 */
export class EngineProxy {
  readonly path: string;
  /** Called with each request's first line (`POST /v1.41/containers/create?…`) before it is passed on. */
  onRequest: (line: string) => void = () => undefined;
  readonly #engine: string;
  readonly #sockets = new Set<Socket>();
  #server: Server | null = null;

  constructor(path: string, engine: string) {
    this.path = path;
    this.#engine = engine;
  }

  async restore(): Promise<void> {
    const server = createServer((socket) => this.#pass(socket));
    server.listen(this.path);
    await once(server, 'listening');
    this.#server = server;
  }

  /** Ends every connection and takes the socket away. */
  async cut(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    for (const socket of this.#sockets) socket.destroy();
    if (server !== null) await new Promise((resolve) => server.close(resolve));
  }

  #pass(client: Socket): void {
    const engine = connect(this.#engine);
    client.on('data', (chunk: Buffer) => {
      const line = /^(?:GET|POST|DELETE|HEAD) \S+/.exec(chunk.toString('latin1'))?.[0];
      if (line !== undefined) this.onRequest(line);
    });
    for (const [from, to] of [
      [client, engine],
      [engine, client],
    ] as const) {
      this.#sockets.add(from);
      from.on('error', () => to.destroy());
      from.once('close', () => {
        this.#sockets.delete(from);
        to.destroy();
      });
      from.pipe(to);
    }
  }
}
