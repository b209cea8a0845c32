/** A Ctrl-C reaches a process more than once where npm or a wrapper passes it on too: what comes this soon is the same. */
const SAME_MS = 500;

export interface StopSignals {
  /** Aborted at the first wish to stop: Ctrl-C, SIGTERM, SIGHUP, or the parent's IPC channel closing. */
  readonly stop: AbortSignal;
  /** Aborted at the second: patience is over. */
  readonly hurry: AbortSignal;
  dispose(): void;
}

/** Turns the signals of this process into two AbortSignals. */
export function listenForStop(now: () => number = () => performance.now()): StopSignals {
  const stop = new AbortController();
  const hurry = new AbortController();
  let firstAt = 0;
  const heard = (why: string): void => {
    if (!stop.signal.aborted) {
      firstAt = now();
      stop.abort(why);
    } else if (now() - firstAt >= SAME_MS) hurry.abort(why);
  };
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const parentGone = (): void => heard('the parent is gone');
  for (const name of names) process.on(name, heard);
  process.once('disconnect', parentGone);
  return {
    stop: stop.signal,
    hurry: hurry.signal,
    dispose() {
      for (const name of names) process.off(name, heard);
      process.off('disconnect', parentGone);
    },
  };
}
