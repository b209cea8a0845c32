import { expect, it } from 'vitest';
import { backoffMs } from './backoff.ts';

it('L-5: pauses grow from 250 ms to their bound, for any number of failures', () => {
  expect([0, 1, 2, 3, 6, 1_000_000].map((failures) => backoffMs(failures, 5_000))).toEqual([
    250, 250, 500, 1_000, 5_000, 5_000,
  ]);
});
