import { type ClientRequest, type IncomingMessage, request as httpRequest } from 'node:http';
import { once } from 'node:events';
import { PlacedEvent } from '@roundhouse/contracts';
import { within } from '@roundhouse/testkit';

export interface Said {
  readonly id: string | null;
  readonly event: string;
  readonly data: string | null;
  readonly comment: string | null;
}

/** A reader of server-sent events (HTML, §9.2) that a test can hold back, over a connection of its own. */
export class EventSource {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly said: Said[] = [];
  /** The events among what was said, checked; the last words are none. */
  readonly events: PlacedEvent[] = [];
  readonly ended: Promise<void>;
  readonly #request: ClientRequest;
  readonly #response: IncomingMessage;
  readonly #listeners = new Set<() => void>();
  #rest = '';

  private constructor(request: ClientRequest, response: IncomingMessage) {
    this.#request = request;
    this.#response = response;
    this.status = response.statusCode ?? 0;
    this.headers = response.headers;
    response.setEncoding('utf8');
    response.on('error', () => undefined);
    this.ended = new Promise((resolve) => response.once('close', () => resolve()));
  }

  static async open(url: string, headers: Record<string, string>): Promise<EventSource> {
    const request = httpRequest(url, { headers, agent: false });
    request.end();
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    request.on('error', () => undefined);
    return new EventSource(request, response);
  }

  /** Begins to take what comes; before that the connection fills up. */
  read(): this {
    this.#response.on('data', (text: string) => {
      const blocks = (this.#rest + text).split('\n\n');
      this.#rest = blocks.pop() ?? '';
      for (const said of blocks.map(parse)) {
        this.said.push(said);
        if (said.event === 'message' && said.data !== null) this.events.push(PlacedEvent.parse(JSON.parse(said.data)));
      }
      for (const listener of this.#listeners) listener();
    });
    return this;
  }

  get lastId(): string {
    return this.said.findLast(({ id }) => id !== null)?.id ?? '';
  }

  async until(what: string, met: () => boolean): Promise<void> {
    if (met()) return;
    await within(
      20_000,
      what,
      new Promise<void>((resolve) => {
        const listener = (): void => {
          if (!met()) return;
          this.#listeners.delete(listener);
          resolve();
        };
        this.#listeners.add(listener);
      }),
    );
  }

  close(): void {
    this.#request.destroy();
  }
}

function parse(block: string): Said {
  const lines = block.split('\n');
  const field = (name: string): string | null =>
    lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2) ?? null;
  return { id: field('id'), event: field('event') ?? 'message', data: field('data'), comment: field('') };
}
