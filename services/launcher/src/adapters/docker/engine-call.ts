import { SandboxesAwayError } from '../../ports.ts';

/** What the engine answered where it did not do what it was asked: its status and its own words. */
export class EngineRefusal extends Error {
  override readonly name = 'EngineRefusal';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** The engine itself is what is away. */
export class EngineAwayError extends SandboxesAwayError {}

/** An engine that goes down or has lost its containerd still answers, with one of these. */
const AWAY_WORDS =
  /shutting down|transport is closing|connection refused|containerd[^:]*: (?:not running|unavailable)|context canceled/i;

interface VendorError {
  readonly statusCode?: number;
  readonly code?: string;
  readonly json?: unknown;
  readonly message?: string;
}

/**
 * Calls the engine, at most `timeoutMs`. Throws EngineRefusal for what it answered, EngineAwayError where it is away,
 * goes down or does not answer in time, and the signal's reason where the caller gave up.
 */
export async function callEngine<T>(
  what: string,
  act: (abortSignal: AbortSignal) => Promise<T>,
  options: { readonly socketPath: string; readonly timeoutMs: number; readonly signal?: AbortSignal | undefined },
): Promise<T> {
  const { signal, timeoutMs, socketPath } = options;
  signal?.throwIfAborted();
  const bound = new AbortController();
  const late = new EngineAwayError(`the Docker engine at ${socketPath} did not ${what} within ${timeoutMs} ms`);
  const timer = setTimeout(() => bound.abort(late), timeoutMs);
  const giveUp = (): void => bound.abort(signal?.reason);
  signal?.addEventListener('abort', giveUp, { once: true });
  try {
    // Raced, too: the client never settles when the engine dies between an answer's head and its end.
    return await Promise.race([act(bound.signal), rejectedBy(bound.signal)]);
  } catch (error) {
    if (bound.signal.aborted) throw bound.signal.reason;
    throw translated(what, error as VendorError, socketPath);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', giveUp);
  }
}

function translated(what: string, error: VendorError, socketPath: string): Error {
  const { statusCode, code, message = 'no reason given' } = error;
  if (statusCode === undefined) {
    return new EngineAwayError(
      `the Docker engine at ${socketPath} cannot be reached (${code ?? message.slice(0, 200)})`,
      { cause: error },
    );
  }
  const words = wordsOf(error.json) ?? message;
  if (statusCode === 503 || (statusCode >= 500 && AWAY_WORDS.test(words))) {
    return new EngineAwayError(`the Docker engine did not ${what}: ${words.slice(0, 500)}`, { cause: error });
  }
  return new EngineRefusal(statusCode, words.slice(0, 1_000));
}

function wordsOf(body: unknown): string | null {
  const message = (body as { message?: unknown } | null | undefined)?.message;
  return typeof message === 'string' ? message : null;
}

function rejectedBy(signal: AbortSignal): Promise<never> {
  const rejected = new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
  // Whoever lost the race is heard by nobody.
  rejected.catch(() => undefined);
  return rejected;
}
