import type { ChildProcess } from 'node:child_process';

/** The exit code, the name of the signal that ended it, or null when `bound` came first. */
export async function exitOf(child: ChildProcess, bound: AbortSignal): Promise<number | string | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode ?? child.signalCode;
  return await new Promise((resolve) => {
    const giveUp = (): void => resolve(null);
    bound.addEventListener('abort', giveUp, { once: true });
    if (bound.aborted) giveUp();
    child.once('exit', (code, signal) => {
      bound.removeEventListener('abort', giveUp);
      resolve(code ?? signal);
    });
  });
}
