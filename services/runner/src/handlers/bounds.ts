/** Resolves when the signal is aborted. */
export function whenAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** What the promise gives, or the signal's reason thrown as soon as that is aborted. */
export function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return Promise.race([
    promise,
    whenAborted(signal).then((): never => {
      throw signal.reason;
    }),
  ]);
}

/** What the promise gives, or null when it has not within `boundMs`. */
export async function within<T>(boundMs: number, promise: Promise<T>): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined;
  const time = new Promise<null>((resolve) => (timer = setTimeout(() => resolve(null), boundMs)));
  try {
    return await Promise.race([promise, time]);
  } finally {
    clearTimeout(timer);
  }
}
