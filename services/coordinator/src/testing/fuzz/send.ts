import { Agent, request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { ERRORS, ErrorBody, OPERATIONS, type Operation, isErrorCode } from '@roundhouse/contracts';
import type { FuzzedDocument } from './document.ts';
import type { FuzzRequest } from './requests.ts';
import { CANARY, type FuzzTarget } from './target.ts';

/** How long a call that waits may stand open before the fuzz goes away, and how long any other may take, ms. */
const HOLD_MS = 400;
const ANSWER_MS = 60_000;

export interface FuzzAnswer {
  readonly status: number;
  readonly headers: string;
  readonly type: string;
  readonly text: string;
}

export const newAgent = (): Agent => new Agent({ keepAlive: true, maxSockets: 32 });

function targetOf({ operation, parameters, suffix }: FuzzRequest): string {
  const rest: Record<string, unknown> = { ...parameters };
  const path = operation.path.replaceAll(/\{(\w+)\}/g, (_all, name: string) => {
    const value = rest[name];
    delete rest[name];
    return encoded(value ?? '');
  });
  const query = Object.entries(rest).flatMap(([name, value]) =>
    (Array.isArray(value) ? (value as unknown[]) : [value]).map((item) => `${encoded(name)}=${encoded(item)}`),
  );
  return `${path}${suffix}${query.length === 0 ? '' : `?${query.join('&')}`}`;
}

/** Half a surrogate pair has no encoding; the byte that stands for what cannot be said goes in its place. */
const encoded = (value: unknown): string =>
  encodeURIComponent((typeof value === 'string' ? value : JSON.stringify(value)).toWellFormed());

/** Sends one request. Null: it stood open, as it may, and was given up. */
export async function send(target: FuzzTarget, agent: Agent, request: FuzzRequest): Promise<FuzzAnswer | null> {
  const { operation, caller, method } = request;
  const { host, port } = new URL(target.url);
  const resolved = target.resolve({ parameters: request.parameters, body: request.body }, caller) as FuzzRequest;
  const path = targetOf({ ...request, parameters: resolved.parameters });
  const json = resolved.body === undefined ? null : JSON.stringify(resolved.body);
  const body = request.rawBody ?? (method === 'GET' || method === 'HEAD' ? null : json);
  const headers: Record<string, string | number> = {
    host,
    ...target.headersOf(caller),
    ...(body === null ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
    ...request.headers,
  };
  if (headers['x-coordinator-id'] === 'b') headers['x-coordinator-id'] = target.foreignId;
  const { waits } = OPERATIONS[operation.name] as Operation;
  const signal = AbortSignal.timeout(waits ? HOLD_MS : ANSWER_MS);
  try {
    return await new Promise((resolve, reject) => {
      const sent = httpRequest(
        { host: '127.0.0.1', port, method, path, headers, agent, signal, setHost: false },
        (response) => {
          const type = (response.headers['content-type'] ?? '').split(';')[0] ?? '';
          text(response).then(
            (body) =>
              resolve({ status: response.statusCode ?? 0, headers: response.rawHeaders.join('\n'), type, text: body }),
            reject,
          );
        },
      );
      sent.on('error', reject);
      sent.end(body ?? undefined);
    });
  } catch (error) {
    if (waits && signal.aborted) return null;
    // What is refused before it is read (a URL that is too long) is answered with a body, also where it was a HEAD: the
    // method is not known by then. The client sees the body as bytes that nobody asked for, on a connection that ends.
    const { code } = error as NodeJS.ErrnoException;
    if (method === 'HEAD' && code === 'HPE_CLOSED_CONNECTION') return { status: 400, headers: '', type: '', text: '' };
    throw error;
  }
}

/** Sends bytes that are no request of any client. */
export async function sendBytes(target: FuzzTarget, bytes: string): Promise<FuzzAnswer> {
  const socket = connect(Number(new URL(target.url).port), '127.0.0.1');
  socket.setTimeout(ANSWER_MS, () => socket.destroy(new Error(`no answer to ${JSON.stringify(bytes)}`)));
  socket.end(bytes, 'latin1');
  const answer = await text(socket);
  // What follows the first answer is one to the bytes that were left over.
  const [head = '', rest = ''] = answer.split('\r\n\r\n', 2);
  const length = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? rest.length);
  const body = Buffer.from(rest).subarray(0, length).toString();
  return {
    status: Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 0),
    headers: head,
    type: 'application/json',
    text: body,
  };
}

/** What is wrong with an answer, or null. `named`: the request was to an operation by its own path and method. */
export function faultOf(document: FuzzedDocument, request: FuzzRequest | null, answer: FuzzAnswer): string | null {
  const { status, text: body, type } = answer;
  if (status < 200 || status >= 500) return `status ${status}: ${body.slice(0, 500)}`;
  const untrusted = request === null || !['operator', 'launcher', 'mobile'].includes(request.caller);
  if (untrusted && `${answer.headers}${body}`.includes(CANARY)) return `it shows what is b’s: ${body.slice(0, 500)}`;
  if (request?.method === 'HEAD') return null;
  let json: unknown = null;
  try {
    json = body === '' ? null : (JSON.parse(body) as unknown);
  } catch {
    return `no JSON: ${body.slice(0, 200)}`;
  }
  if (status >= 400) {
    const error = ErrorBody.safeParse(json).data?.error;
    if (error === undefined) return `no error of ours: ${body.slice(0, 300)}`;
    if (!isErrorCode(error.code) || ERRORS[error.code].status !== status)
      return `${status} ${error.code} is not in the table`;
    // What never reached an operation is answered for by the table alone.
    if (['route_not_found', 'method_not_allowed'].includes(error.code)) return null;
  }
  if (request === null) return null;
  const { operation, suffix, method } = request;
  return suffix === '' && method === operation.method ? document.fault(operation.name, status, type, json) : null;
}
