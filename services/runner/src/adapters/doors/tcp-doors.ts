import { once } from 'node:events';
import { type Server, type Socket, connect, createServer } from 'node:net';
import type { Door } from '@roundhouse/contracts';

/** Through one door at once; what comes on top is closed at once. */
const MAX_CONNECTIONS = 256;

/** Doors that listen on 127.0.0.1 in the sandbox's own network and put each connection through to a Unix socket. */
export class TcpDoors {
  readonly #servers: Server[] = [];
  readonly #open = new Set<Socket>();

  /** @throws where a port is taken; then none is open. */
  static async open(doors: readonly Door[]): Promise<TcpDoors> {
    const opened = new TcpDoors();
    try {
      await Promise.all(doors.map((door) => opened.#listen(door)));
    } catch (error) {
      await opened.close();
      throw error;
    }
    return opened;
  }

  async close(): Promise<void> {
    const closed = this.#servers
      .splice(0)
      .map((server) => new Promise<void>((resolve) => (server.listening ? server.close(() => resolve()) : resolve())));
    for (const socket of this.#open) socket.destroy();
    await Promise.all(closed);
  }

  async #listen({ port, socket }: Door): Promise<void> {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (inner) => this.#join(inner, socket));
    server.maxConnections = MAX_CONNECTIONS;
    this.#servers.push(server);
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  }

  /** An end of one side is passed on, the other way stays open until it ends too; an error ends both. */
  #join(inner: Socket, path: string): void {
    const outer = connect({ path, allowHalfOpen: true });
    for (const [one, other] of [
      [inner, outer],
      [outer, inner],
    ] as const) {
      this.#open.add(one);
      one.pipe(other);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        this.#open.delete(one);
        // After both ends it is closed anyway; before, nothing more can come through.
        if (!one.readableEnded || !one.writableFinished) other.destroy();
      });
    }
  }
}
