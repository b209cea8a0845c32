import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { anthropicMessages } from './anthropic-messages.ts';
import { chatCompletions } from './chat-completions.ts';
import type { Asked } from './conversation.ts';
import { geminiContents } from './gemini-contents.ts';
import { openaiResponses } from './openai-responses.ts';
import { answerOf, type Script } from './script.ts';
import type { StreamEvent, WireForm } from './wire-form.ts';

const FORMS: readonly WireForm[] = [anthropicMessages, openaiResponses, chatCompletions, geminiContents];
const MAX_BODY_BYTES = 16 * 1024 * 1024;
const MAX_REQUESTS = 1_000;

/** A request that was answered out of the script. */
export interface ModelRequest extends Asked {
  readonly form: string;
  /** What the script called and the program did not offer. */
  readonly missing: readonly string[];
}

/**
 * A model that says what a script says: one HTTP server on 127.0.0.1 that speaks the forms in which coding agents ask
 * theirs. It is the way out for them as well, as a proxy that lets nothing through and keeps the names that were wanted.
 */
export class ScriptedModel {
  readonly url: string;
  /** The conversations, oldest first, without requests beside them; the last 1,000. */
  readonly requests: ModelRequest[] = [];
  /** What else was asked of it, as `POST /path`, and why it could not be read. */
  readonly strangers: string[] = [];
  /** `host:port` of what somebody wanted to reach through it. */
  readonly refused: string[] = [];
  readonly #server: Server;
  readonly #script: Script;
  readonly #asked = new EventEmitter();

  private constructor(server: Server, script: Script) {
    this.#server = server;
    this.#script = script;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  static async start(script: Script): Promise<ScriptedModel> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const model = new ScriptedModel(server, script);
    server.on('request', (request, response) => {
      model.#answer(request, response).catch((error: Error) => {
        model.strangers.push(`${request.method} ${request.url}: ${error.message.slice(0, 500)}`);
        response.writeHead(400, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ error: { message: error.message.slice(0, 500) } }));
      });
    });
    server.on('connect', (request, socket) => {
      model.refused.push(request.url ?? '');
      // Who was refused hangs up as it likes.
      socket.on('error', () => undefined);
      socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n');
    });
    return model;
  }

  /** Resolves with the first request that fits, among those that were and those that come. The caller bounds the wait. */
  async until(fits: (request: ModelRequest) => boolean): Promise<ModelRequest> {
    for (;;) {
      const found = this.requests.find(fits);
      if (found !== undefined) return found;
      await once(this.#asked, 'asked');
    }
  }

  /** Ends every connection too. */
  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = request.url ?? '/';
    // A proxy is asked for whole addresses.
    if (!url.startsWith('/')) return this.#refuse(new URL(url).host, response);
    const { pathname } = new URL(url, this.url);
    const body = await bodyOf(request);
    const form = request.method === 'POST' ? FORMS.find(({ path }) => path.test(pathname)) : undefined;
    if (form === undefined) {
      this.strangers.push(`${request.method} ${pathname}`);
      return end(response, request.method === 'POST' ? 404 : 200, {});
    }
    const asked = form.read(JSON.parse(body), pathname);
    const answer = answerOf(this.#script, asked);
    if (asked.tools.length > 0) {
      this.requests.push({ ...asked, form: form.name, missing: answer.missing });
      if (this.requests.length > MAX_REQUESTS) this.requests.shift();
      this.#asked.emit('asked');
    }
    await answer.after;
    if (response.destroyed) return;
    if (!asked.streamed) return end(response, 200, form.whole(answer, asked));
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
    for (const event of form.stream(answer, asked)) response.write(lineOf(event));
    response.end();
  }

  #refuse(host: string, response: ServerResponse): void {
    this.refused.push(host);
    end(response, 403, {});
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) throw new Error(`a body of more than ${MAX_BODY_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

const lineOf = ({ event, data }: StreamEvent): string =>
  `${event === undefined ? '' : `event: ${event}\n`}data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`;

function end(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
