/** How many callers are counted at once; beyond that the one whose window began first is forgotten. */
const MAX_CALLERS = 5_000;

/** Counts one more request of a caller: null where it is within the limit, else for how long it is not, ms. */
export type CountRequest = (caller: string, nowMs: number) => number | null;

/**
 * Counts each caller's requests in a window that begins with the first of them. What a request is told is decided when it is
 * counted, before another one is: a count that is read later has those in it that came meanwhile, and refuses the first of many
 * at once.
 */
export function createRequestCounts(max: number, windowMs: number): CountRequest {
  const windows = new Map<string, { endsMs: number; count: number }>();
  return (caller, nowMs) => {
    const current = windows.get(caller);
    if (current !== undefined && nowMs < current.endsMs) {
      current.count += 1;
      return current.count <= max ? null : current.endsMs - nowMs;
    }
    windows.delete(caller);
    const [oldest] = windows.keys();
    if (windows.size >= MAX_CALLERS && oldest !== undefined) windows.delete(oldest);
    windows.set(caller, { endsMs: nowMs + windowMs, count: 1 });
    return null;
  };
}
