import { mkdir } from 'node:fs/promises';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import {
  type CoordinatorMessage,
  type Desired,
  LINK_PATH,
  type RunnerEvent,
  RunnerMessage,
} from '@roundhouse/contracts';
import { WebSocket, WebSocketServer } from 'ws';
import { serveGit } from './git-http.ts';

const NOTHING: Desired = { prompts: [], recalls: [], inputs: [], held: false, publish: null, stop: null };

/** The coordinator's side of the contract, in a test: a hub over HTTP and the link, without the service behind them. */
export class TestCoordinator {
  readonly events: RunnerEvent[] = [];
  readonly pushes: string[] = [];
  /** Token by token, whether it is known; others get 401. */
  readonly tokens = new Set<string>();
  output = Buffer.alloc(0);
  skipped = 0;
  connections = 0;
  /** When false, nothing is answered any more: neither renewals nor acknowledgements. */
  answering = true;
  desired: Desired = NOTHING;
  readonly #hubs: string;
  readonly #server: Server;
  readonly #sockets = new WebSocketServer({ noServer: true });
  readonly #watchers = new Set<() => void>();
  #eventSeq = 0;
  #outputOffset = 0;
  url = '';

  private constructor(hubs: string) {
    this.#hubs = hubs;
    this.#server = createServer((request, response) => {
      const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
      const path = /^\/git(\/.+)$/.exec((request.url ?? '').split('?')[0] ?? '')?.[1];
      if (path === undefined || !this.tokens.has(token))
        return void response.writeHead(path === undefined ? 404 : 401).end();
      if (path.endsWith('/git-receive-pack')) this.pushes.push(token);
      serveGit(this.#hubs, path, request, response);
    });
    this.#server.on('upgrade', (request, socket, head) => {
      const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
      if (!this.tokens.has(token) || request.url !== LINK_PATH)
        return void socket.end('HTTP/1.1 401 Unauthorized\r\n\r\n');
      this.#sockets.handleUpgrade(request, socket, head, (client) => this.#serve(client));
    });
  }

  static async start(folder: string): Promise<TestCoordinator> {
    await mkdir(join(folder, 'hubs'), { recursive: true });
    const coordinator = new TestCoordinator(join(folder, 'hubs'));
    await new Promise<void>((resolve) => coordinator.#server.listen(0, '127.0.0.1', resolve));
    coordinator.url = `http://127.0.0.1:${(coordinator.#server.address() as AddressInfo).port}`;
    return coordinator;
  }

  hub(projectId: string): string {
    return join(this.#hubs, `${projectId}.git`);
  }

  desire(change: Partial<Desired>): void {
    this.desired = { ...this.desired, ...change };
    this.#broadcast({ type: 'desired', desired: this.desired });
  }

  /** From now on it speaks of another attempt: nothing of the last one counts. */
  begin(): void {
    this.#eventSeq = 0;
    this.#outputOffset = 0;
    this.events.length = 0;
    this.output = Buffer.alloc(0);
  }

  /** Cuts the connections, or closes them with a code. */
  drop(code?: number): void {
    for (const client of this.#sockets.clients)
      if (code === undefined) client.terminate();
      else client.close(code);
  }

  /** Resolves when `holds` does, looked at after each message; fails after `boundMs`. */
  until(what: string, holds: () => boolean, boundMs = 40_000): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#watchers.delete(look);
        reject(
          new Error(
            `not within ${boundMs} ms: ${what}; events: ${JSON.stringify(this.events)}; output: ${this.text.slice(-2_000)}`,
          ),
        );
      }, boundMs);
      const look = (): void => {
        if (!holds()) return;
        clearTimeout(timer);
        this.#watchers.delete(look);
        resolve();
      };
      this.#watchers.add(look);
      look();
    });
  }

  event<T extends RunnerEvent['type']>(type: T): Extract<RunnerEvent, { type: T }> | undefined {
    return this.all(type).at(-1);
  }

  all<T extends RunnerEvent['type']>(type: T): Extract<RunnerEvent, { type: T }>[] {
    return this.events.filter((event): event is Extract<RunnerEvent, { type: T }> => event.type === type);
  }

  prompt(promptId: string): string[] {
    return this.all('prompt')
      .filter((event) => event.promptId === promptId)
      .map((event) => event.state);
  }

  get text(): string {
    return this.output.toString('utf8');
  }

  async stop(): Promise<void> {
    for (const client of this.#sockets.clients) client.terminate();
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #broadcast(message: CoordinatorMessage): void {
    for (const client of this.#sockets.clients)
      if (client.readyState === WebSocket.OPEN) client.send(JSON.stringify(message));
  }

  #serve(client: WebSocket): void {
    this.connections += 1;
    const send = (message: CoordinatorMessage): void => {
      if (this.answering) client.send(JSON.stringify(message));
    };
    const [eventSeq, outputOffset] = [this.#eventSeq, this.#outputOffset];
    send({ type: 'welcome', eventSeq, outputOffset, desired: this.desired });
    for (const look of this.#watchers) look();
    client.on('message', (data) => {
      const message = RunnerMessage.parse(JSON.parse((data as Buffer).toString()));
      switch (message.type) {
        case 'heartbeat':
          send({ type: 'renewed' });
          break;
        case 'event':
          if (!this.answering) break;
          // Sent again after a reconnect: taken once.
          if (message.seq === this.#eventSeq + 1) {
            this.#eventSeq = message.seq;
            this.events.push(message.event);
          }
          send({ type: 'ack', eventSeq: this.#eventSeq });
          break;
        case 'output': {
          if (!this.answering) break;
          const bytes = Buffer.from(message.data, 'base64');
          if (message.offset - message.skipped !== this.#outputOffset)
            throw new Error(`a hole in the output at ${this.#outputOffset}`);
          this.skipped += message.skipped;
          this.output = Buffer.concat([this.output, bytes]);
          this.#outputOffset = message.offset + bytes.length;
          send({ type: 'output_ack', outputOffset: this.#outputOffset });
          break;
        }
      }
      for (const look of this.#watchers) look();
    });
  }
}
