import { OPERATIONS, HEADERS, TaskEvent } from '@roundhouse/contracts';
import { type Caller, coordinatorIdOf } from './identity.ts';
import type { Logger } from './logger.ts';

/** Pauses between two connections, ms: doubled each time, back to the first once something came. */
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;
/** What has come of one event so far is no more than this; more is no event of ours. */
const MAX_EVENT_CHARS = 1_048_576;

/**
 * Calls back whenever the caller's coordinator is told something, from now on, until the returned function is called or the
 * service refuses the caller. It reads the service's own event stream with the caller's own token: nothing is kept here, and
 * what was missed while the connection was away comes with the last id.
 */
export function followNotifications(
  coordinatorUrl: string,
  caller: Caller,
  onNotification: () => void,
  log: Logger,
): () => void {
  const ended = new AbortController();
  void follow(coordinatorUrl, caller, onNotification, ended.signal).catch((error: unknown) => {
    if (!ended.signal.aborted) log.warn({ err: error }, 'notifications are not followed any more');
  });
  return () => ended.abort();
}

async function follow(url: string, caller: Caller, told: () => void, signal: AbortSignal): Promise<void> {
  let lastId: string | null = null;
  let pauseMs = FIRST_PAUSE_MS;
  // Ends with the client's stream (the signal), or with a refusal.
  while (!signal.aborted) {
    const response = await open(url, caller, lastId, signal);
    if (response !== null) {
      if (response.status >= 400 && response.status < 500 && response.status !== 429)
        throw new Error(`the service answered ${response.status}`);
      for await (const { id, data } of eventsOf(response, signal)) {
        pauseMs = FIRST_PAUSE_MS;
        lastId = id ?? lastId;
        if (data !== null && TaskEvent.safeParse(data).data?.kinds.includes('notification') === true) told();
      }
    }
    await pause(pauseMs, signal);
    pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2);
  }
}

/** Null where the service cannot be reached. */
async function open(url: string, caller: Caller, lastId: string | null, signal: AbortSignal): Promise<Response | null> {
  const target = new URL(OPERATIONS.streamEvents.path, url);
  target.searchParams.set('kinds', 'notification');
  const coordinatorId = coordinatorIdOf(caller);
  const headers = {
    authorization: `Bearer ${caller.token}`,
    accept: 'text/event-stream',
    ...(coordinatorId === undefined ? {} : { [HEADERS.coordinatorId]: coordinatorId }),
    ...(lastId === null ? {} : { 'last-event-id': lastId }),
  };
  return await fetch(target, { headers, signal }).catch(() => null);
}

interface Said {
  readonly id: string | null;
  readonly data: unknown;
}

/** The blocks of a stream of server-sent events, as far as we send them: `id:` and one line of `data:`. */
async function* eventsOf(response: Response, signal: AbortSignal): AsyncGenerator<Said> {
  if (!response.ok || response.body === null) {
    await response.body?.cancel();
    return;
  }
  const decoder = new TextDecoder();
  let rest = '';
  const reader = response.body.getReader();
  try {
    for (;;) {
      // A connection that breaks is one that ended: it is opened again.
      const read = await reader.read().catch(() => null);
      if (read === null || read.done || signal.aborted) return;
      const blocks = (rest + decoder.decode(read.value, { stream: true })).split('\n\n');
      rest = blocks.pop() ?? '';
      if (rest.length > MAX_EVENT_CHARS) return;
      for (const block of blocks) yield said(block);
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

function said(block: string): Said {
  const field = (name: string): string | null =>
    block
      .split('\n')
      .find((line) => line.startsWith(`${name}: `))
      ?.slice(name.length + 2) ?? null;
  const data = field('data');
  // The last words of a stream have a type of their own and are no event.
  if (data === null || field('event') !== null) return { id: field('id'), data: null };
  try {
    return { id: field('id'), data: JSON.parse(data) as unknown };
  } catch {
    return { id: field('id'), data: null };
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
    signal.addEventListener('abort', done, { once: true });
    if (signal.aborted) done();
  });
}
