import { type ChildProcess, spawn } from 'node:child_process';
import { z } from 'zod';
import type { Running } from './supervise.ts';

const Ready = z.object({ type: z.literal('ready'), url: z.url().nullable() });

/** Reading back what Redis kept, and adopting what still runs, take their time. */
const READY_MS = 60_000;
/** How long a killed process may take to be gone. */
const KILL_MS = 2_000;

export interface ServiceProcess extends Running {
  readonly pid: number;
  readonly url: string | null;
}

/**
 * Starts `node <main>` and waits until it says over its IPC channel that it serves. It runs in a process group of its
 * own, so that the terminal's Ctrl-C reaches only the supervisor, and stops itself when the channel closes, so that it
 * does not outlive a supervisor that was killed.
 * @throws Error where it ends first, is not ready within a minute, or the signal says so; then it is gone
 */
export async function startServiceProcess(options: {
  readonly name: string;
  readonly main: string;
  readonly environment: NodeJS.ProcessEnv;
  /** The file descriptor that its standard output and error go to. */
  readonly output: number;
  readonly signal: AbortSignal;
}): Promise<ServiceProcess> {
  const { name, main, environment, output, signal } = options;
  signal.throwIfAborted();
  const child = spawn(process.execPath, [main], {
    env: environment,
    detached: true,
    stdio: ['ignore', output, output, 'ipc'],
  });
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(`could not be started: ${error.message}`));
    child.once('exit', (code, killedBy) =>
      resolve(killedBy === null ? `ended with exit code ${code}` : `was ended by ${killedBy}`),
    );
  });
  const stop = (budgetMs: number): Promise<void> => end(child, ended, budgetMs);
  try {
    const url = await readiness(child, ended, signal);
    if (child.pid === undefined) throw new Error('it has no process id');
    return { pid: child.pid, url, ended, stop };
  } catch (error) {
    await stop(0);
    throw new Error(`${name} ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

async function readiness(child: ChildProcess, ended: Promise<string>, signal: AbortSignal): Promise<string | null> {
  const done = new AbortController();
  try {
    return await new Promise<string | null>((resolve, reject) => {
      const bound = AbortSignal.any([signal, AbortSignal.timeout(READY_MS)]);
      bound.addEventListener(
        'abort',
        () =>
          reject(new Error(signal.aborted ? 'was stopped while starting' : `is not ready after ${READY_MS / 1_000} s`)),
        {
          once: true,
          signal: done.signal,
        },
      );
      void ended.then((how) => reject(new Error(`${how} while starting`)));
      child.on('message', (message) => {
        const ready = Ready.safeParse(message);
        if (ready.success) resolve(ready.data.url);
      });
    });
  } finally {
    done.abort();
    child.removeAllListeners('message');
    // The channel stays open, for the child watches it; it must not keep this process alive by itself.
    child.channel?.unref();
  }
}

async function end(child: ChildProcess, ended: Promise<string>, budgetMs: number): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  if (budgetMs > 0) {
    child.kill('SIGTERM');
    if (await within(ended, budgetMs)) return;
  }
  child.kill('SIGKILL');
  await within(ended, KILL_MS);
}

async function within(ended: Promise<string>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const bound = new Promise<false>((resolve) => (timer = setTimeout(resolve, ms, false)));
  try {
    return await Promise.race([ended.then(() => true as const), bound]);
  } finally {
    clearTimeout(timer);
  }
}
