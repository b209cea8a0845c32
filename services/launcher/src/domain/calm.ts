/** How long nothing was handed over before it is calm, ms: the start of a runner costs the processor a second, and the
 * agent of an attempt that has just been handed over needs it now. */
export const CALM_AFTER_MS = 500;
/** With hand-overs that go on and on it counts as calm all the same after so long, ms: an empty pool helps nobody. */
export const CALM_AT_LAST_MS = 5_000;

/** The hand-overs of late: those under way, and since when they have followed each other without a pause. */
export interface HandOvers {
  readonly underWay: number;
  readonly sinceMs: number;
  readonly lastMs: number;
}

export const NO_HAND_OVERS: HandOvers = { underWay: 0, sinceMs: -Infinity, lastMs: -Infinity };

export const handOverBegun = (before: HandOvers, now: number): HandOvers => ({
  underWay: before.underWay + 1,
  sinceMs: calmInMs(before, now) === 0 ? now : before.sinceMs,
  lastMs: now,
});

export const handOverEnded = (before: HandOvers, now: number): HandOvers => ({
  ...before,
  underWay: before.underWay - 1,
  lastMs: now,
});

/** In how many milliseconds it will be calm if nothing more comes; 0: it is. Infinity while one is under way. */
export function calmInMs({ underWay, sinceMs, lastMs }: HandOvers, now: number): number {
  if (underWay > 0) return Infinity;
  return Math.max(0, Math.min(lastMs + CALM_AFTER_MS, sinceMs + CALM_AT_LAST_MS) - now);
}
