import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { RoundhouseError } from '@roundhouse/contracts';

/** A request as the protocol library takes it. */
export interface WebRequest {
  readonly request: Request;
  /** Its JSON; absent where there is none: then the library has the text, and the words for what is wrong with it. */
  readonly parsedBody?: unknown;
}

/** @throws RoundhouseError `body_too_large` */
export async function readRequest(
  incoming: IncomingMessage,
  maxBytes: number,
  signal: AbortSignal,
): Promise<WebRequest> {
  const { method = 'GET', url = '/' } = incoming;
  const headers = new Headers();
  for (const [name, value] of Object.entries(incoming.headers))
    for (const one of Array.isArray(value) ? value : [value ?? '']) headers.append(name, one);
  const address = `http://${incoming.headers.host ?? 'localhost'}${url}`;
  const text = await readBody(incoming, maxBytes);
  const parsed = jsonOf(text);
  const hasText = parsed === undefined && text !== '' && method !== 'GET' && method !== 'HEAD';
  const request = new Request(address, { method, headers, signal, ...(hasText ? { body: text } : {}) });
  return parsed === undefined ? { request } : { request, parsedBody: parsed };
}

async function readBody(incoming: IncomingMessage, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new RoundhouseError('body_too_large', `the body has more than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/**
 * Writes the library's answer: a stream as it comes, all else in one piece, which is one write to the socket and one read of
 * the client's. Nothing goes out before `settle`, which is called when the first words are there; what it throws is thrown.
 */
export async function writeResponse(
  response: Response,
  outgoing: ServerResponse,
  settle: () => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const headers = Object.fromEntries(response.headers);
  if (response.body === null || headers['content-type']?.startsWith('text/event-stream') !== true) {
    const text = await response.text();
    await settle();
    outgoing.writeHead(response.status, { ...headers, 'content-length': Buffer.byteLength(text) }).end(text);
    return;
  }
  try {
    for await (const chunk of response.body) {
      if (!outgoing.headersSent) {
        await settle();
        outgoing.writeHead(response.status, headers);
      }
      if (!outgoing.write(chunk)) await once(outgoing, 'drain', { signal });
    }
    if (!outgoing.headersSent) {
      await settle();
      outgoing.writeHead(response.status, headers);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  outgoing.end();
}
