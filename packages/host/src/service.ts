import type { Logger } from './logger.ts';

/** The longest that a service may take to stop. */
const STOP_MS = 20_000;

export interface ServiceContext<L extends Logger> {
  readonly log: L;
  /** Aborted when the service is asked to stop, also while it still starts. */
  readonly signal: AbortSignal;
}

export interface RunningService {
  /** Where it serves, or null where it serves nothing. */
  readonly url: string | null;
  stop(): Promise<void>;
}

/**
 * The life of a service's process. Runs `start`, tells a parent over the IPC channel `{ type: 'ready', url }`, and stops
 * once: at SIGINT, SIGTERM, or when the parent is gone. A stop takes at most 20 s. Exit code 0 after a clean stop, 1
 * otherwise; an error of `start` is one line on standard error. Resolves when the service has started.
 */
export async function runService<L extends Logger>(
  name: string,
  parts: {
    readonly logger: L | ((name: string) => L);
    readonly start: (context: ServiceContext<L>) => Promise<RunningService>;
  },
): Promise<void> {
  const stopping = new AbortController();
  let log: L;
  let started: Promise<RunningService>;
  try {
    log = typeof parts.logger === 'function' ? parts.logger(name) : parts.logger;
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stopping.abort(signal));
    process.once('disconnect', () => stopping.abort('the parent is gone'));
    started = parts.start({ log, signal: stopping.signal });
  } catch (error) {
    fail(name, error);
  }
  stopping.signal.addEventListener('abort', () => void stop(name, log, started, String(stopping.signal.reason)), {
    once: true,
  });

  const service = await started.catch((error: unknown) => {
    // Asked to stop while starting: whatever `start` threw then is the stop, not a fault.
    if (stopping.signal.aborted) return null;
    return fail(name, error);
  });
  if (service === null || stopping.signal.aborted) return;
  log.info({ url: service.url }, `${name} is ready`);
  // A parent that is gone shows as `disconnect`, so a failed send needs no answer of its own.
  process.send?.({ type: 'ready', url: service.url }, undefined, undefined, () => undefined);
}

async function stop(name: string, log: Logger, started: Promise<RunningService>, reason: string): Promise<void> {
  log.info({ reason }, `${name} is stopping`);
  const bound = setTimeout(() => {
    log.error({ afterMs: STOP_MS }, `${name} did not stop in time`);
    process.exit(1);
  }, STOP_MS);
  const service = await started.catch(() => null);
  try {
    await service?.stop();
  } catch (error) {
    log.error({ err: error }, `${name} did not stop cleanly`);
    process.exit(1);
  }
  clearTimeout(bound);
  log.info({}, `${name} has stopped`);
  process.exit(0);
}

function fail(name: string, error: unknown): never {
  process.stderr.write(`${name}: cannot start: ${inOneLine(error)}\n`);
  process.exit(1);
}

/** A zod error says what is wrong field by field; its message is a page of JSON. */
function inOneLine(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const issues: unknown = (error as { issues?: unknown }).issues;
  if (!Array.isArray(issues)) return error.message.replaceAll(/\s*\n\s*/g, ' ');
  return issues
    .map((issue: { path?: unknown[]; message?: string }) => `${(issue.path ?? []).join('.')}: ${issue.message ?? ''}`)
    .join('; ');
}
