/** 250 ms, doubled with each failure in a row, at most `maxMs`. `failures` counts from 1. */
export const backoffMs = (failures: number, maxMs: number): number =>
  Math.min(250 * 2 ** Math.min(Math.max(failures - 1, 0), 20), maxMs);
