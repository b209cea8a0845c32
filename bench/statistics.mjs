/**
 * The value below which that share of the samples lies (nearest rank).
 *
 * @param {readonly number[]} samples
 * @param {number} share from 0 to 1
 */
export function quantile(samples, share) {
  const sorted = [...samples].sort((a, b) => a - b);
  const rank = Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1));
  const value = sorted[rank];
  if (value === undefined) throw new Error('nothing was measured');
  return value;
}

/** @param {readonly number[]} samples milliseconds */
export const summary = (samples) => ({
  n: samples.length,
  p50Ms: round(quantile(samples, 0.5)),
  p95Ms: round(quantile(samples, 0.95)),
  minMs: round(Math.min(...samples)),
  maxMs: round(Math.max(...samples)),
});

/** @param {number} value two decimals */
export const round = (value) => Math.round(value * 100) / 100;

/** The instant, ms, by the one clock that all processes of a machine share. */
export const monotonicMs = () => Number(process.hrtime.bigint()) / 1e6;

/** @param {string} text progress, on standard error */
export const say = (text) => void process.stderr.write(`bench: ${text}\n`);
