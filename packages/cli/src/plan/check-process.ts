import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { endProcessTree, MARK_VARIABLE } from '@roundhouse/host';

export interface CheckEnd {
  /** `could_not_start` where there is no such program. */
  readonly how: 'exited' | 'killed' | 'timed_out' | 'stopped' | 'could_not_start';
  readonly code: number | null;
  readonly words: string;
  /** The last of what it printed. */
  readonly output: string;
}

const MAX_OUTPUT_BYTES = 65_536;
const GRACE_MS = 2_000;
const KILL_MS = 5_000;
const DRAIN_MS = 2_000;

/**
 * Runs a program with arguments in a folder, its output kept but for all but the last 64 KiB. Bounded by `timeoutMs` and
 * `signal`; whatever it started, however detached, is ended with it.
 */
export async function runCheckProcess(
  command: readonly string[],
  options: {
    readonly cwd: string;
    readonly environment: NodeJS.ProcessEnv;
    readonly timeoutMs: number;
    readonly signal: AbortSignal;
  },
): Promise<CheckEnd> {
  const [program = '', ...args] = command;
  const mark = `check-${randomUUID()}`;
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: { ...options.environment, [MARK_VARIABLE]: mark },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const output = keepTail(child);
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const timeout = AbortSignal.timeout(options.timeoutMs);
  const bound = AbortSignal.any([options.signal, timeout]);
  const end = await firstEnd(child, bound);
  await endProcessTree(
    { mark, ...(child.pid === undefined ? {} : { roots: [child.pid] }) },
    { graceMs: GRACE_MS, killMs: KILL_MS },
  );
  // Who holds the pipes is gone by now, so they end; the bound is for one that could not be ended.
  if (!(await within(closed, DRAIN_MS))) for (const stream of [child.stdout, child.stderr]) stream?.destroy();
  if (end === null) {
    const timedOut = !options.signal.aborted;
    const words = timedOut ? `it was not done after ${options.timeoutMs / 1_000} s` : 'the run was stopped';
    return { how: timedOut ? 'timed_out' : 'stopped', code: null, words, output: output() };
  }
  return { ...end, output: output() };
}

/** How the program itself ended, or null where the bound came first. */
function firstEnd(child: ChildProcess, bound: AbortSignal): Promise<Omit<CheckEnd, 'output'> | null> {
  return new Promise((resolve) => {
    const atBound = (): void => resolve(null);
    if (bound.aborted) return atBound();
    bound.addEventListener('abort', atBound, { once: true });
    child.once('error', (error) => resolve({ how: 'could_not_start', code: null, words: error.message }));
    child.once('exit', (code, killedBy) => {
      bound.removeEventListener('abort', atBound);
      if (killedBy === null) resolve({ how: 'exited', code, words: `exited with code ${code}` });
      else resolve({ how: 'killed', code: null, words: `was ended by ${killedBy}` });
    });
  });
}

function keepTail(child: ChildProcess): () => string {
  let tail = Buffer.alloc(0);
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      tail = Buffer.concat([tail, chunk]).subarray(-MAX_OUTPUT_BYTES);
    });
  }
  return () => tail.toString('utf8');
}

async function within(promise: Promise<void>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => (timer = setTimeout(resolve, ms, false)));
  try {
    return await Promise.race([promise.then(() => true as const), late]);
  } finally {
    clearTimeout(timer);
  }
}
