import { type ClientInfo, clientHeader } from './client-info.ts';
import { ErrorBody, RoundhouseError, isErrorCode } from './errors.ts';
import { type CallOf, type OutputOf, pathParameters } from './operation.ts';
import { type CallName, OPERATIONS } from './operations.ts';
import { HEADERS } from './token.ts';
import { type ApiAnswer, type ApiRequest, fetchTransport, type Transport } from './transport.ts';

export interface ClientOptions {
  /** `http://host:port` of the coordinator. */
  readonly baseUrl: string;
  readonly token: string;
  readonly coordinatorId?: string | undefined;
  readonly doneToken?: string | undefined;
  /** What calls; by default its User-Agent says all there is to say. */
  readonly client?: ClientInfo | undefined;
  /** How requests are sent; by default with `fetch`. */
  readonly transport?: Transport | undefined;
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  readonly idempotencyKey?: string | undefined;
}

/** The service could not be reached, or what answered is not it. Not from the error table: nothing of ours said it. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError';
}

/** How long a call may stand open, milliseconds: the longest wait and some for the way. */
const CALL_TIMEOUT_MS = 65_000;

/** The typed client of the API, read off the operations. Errors of the table are thrown as RoundhouseError. */
export class ApiClient {
  readonly #options: ClientOptions;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  /** Calls one operation. `input` is checked by the service, not here: its words are the better ones. */
  async call<N extends CallName>(
    name: N,
    input: CallOf<(typeof OPERATIONS)[N]>,
    options: CallOptions = {},
  ): Promise<OutputOf<(typeof OPERATIONS)[N]>> {
    const { method, path, output } = OPERATIONS[name];
    const rest: Record<string, unknown> = { ...input };
    let target: string = path;
    for (const parameter of pathParameters(path)) {
      target = target.replace(`:${parameter}`, pathSegment(parameter, rest[parameter]));
      delete rest[parameter];
    }
    const url = new URL(target, this.#options.baseUrl);
    const headers = this.#headers(options);
    let body: string | null = null;
    if (method === 'GET') {
      for (const [key, value] of Object.entries(rest)) {
        // Every query of the API is text, a number or a boolean, or a list of these.
        for (const item of Array.isArray(value) ? (value as unknown[]) : [value])
          if (item !== undefined) url.searchParams.append(key, typeof item === 'string' ? item : JSON.stringify(item));
      }
    } else if (method === 'POST') {
      headers['content-type'] = 'application/json';
      body = JSON.stringify(rest);
    }
    const request = { method, url, headers, body, signal: this.#signal(options.signal) };
    const { status, text } = await this.#send(request, options.signal);
    const answer = jsonOf(text, status, url);
    if (status < 200 || status > 299) throw errorOf(answer, status, url);
    return output.parse(answer) as OutputOf<(typeof OPERATIONS)[N]>;
  }

  #headers(options: CallOptions): Record<string, string> {
    const { token, coordinatorId, doneToken, client } = this.#options;
    const headers: Record<string, string> = { authorization: `Bearer ${token}`, accept: 'application/json' };
    if (coordinatorId !== undefined) headers[HEADERS.coordinatorId] = coordinatorId;
    if (doneToken !== undefined) headers[HEADERS.doneToken] = doneToken;
    if (client !== undefined) headers[HEADERS.client] = clientHeader(client);
    if (options.idempotencyKey !== undefined) headers[HEADERS.idempotencyKey] = options.idempotencyKey;
    return headers;
  }

  #signal(signal: AbortSignal | undefined): AbortSignal {
    const timeout = AbortSignal.timeout(CALL_TIMEOUT_MS);
    return signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
  }

  async #send(request: ApiRequest, caller: AbortSignal | undefined): Promise<ApiAnswer> {
    const { transport = fetchTransport } = this.#options;
    try {
      return await transport(request);
    } catch (error) {
      if (caller?.aborted) throw error;
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
      throw new UnreachableError(
        `cannot reach ${request.url.origin}: ${cause instanceof Error ? cause.message : String(cause)}`,
        {
          cause: error,
        },
      );
    }
  }
}

function jsonOf(text: string, status: number, url: URL): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new UnreachableError(`${url.origin} answered ${status} without JSON`);
  }
}

/** A value in a path: never one that leads to another route. */
function pathSegment(name: string, value: unknown): string {
  if (typeof value === 'string' && /^[\w-]{1,100}$/.test(value)) return value;
  const issues = [{ path: `/${name}`, message: 'not an id' }];
  throw new RoundhouseError('validation_failed', `${name} is not an id`, { issues });
}

function errorOf(body: unknown, status: number, url: URL): Error {
  const parsed = ErrorBody.safeParse(body);
  if (!parsed.success || !isErrorCode(parsed.data.error.code)) {
    return new UnreachableError(`${url.origin} answered ${status} with a body that is not of this service`);
  }
  const { code, message, details } = parsed.data.error;
  return new RoundhouseError(code, message, details);
}
