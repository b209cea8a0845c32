import { expect, it } from 'vitest';
import { faultsOf } from './allow-list.mjs';

const finding = { path: 'a.ts', line: 3, what: 'open' };
const allowance = { path: 'a.ts', what: 'open', count: 1, reason: 'a stream of bytes, appended' };

it('K-8: reports what no allowance covers, and passes what one does', () => {
  expect(faultsOf([finding], [])).toEqual(['a.ts:3: open']);
  expect(faultsOf([finding], [allowance])).toEqual([]);
  expect(faultsOf([finding, { ...finding, line: 9 }], [allowance])).toEqual(['a.ts:3: open', 'a.ts:9: open']);
});

it('K-8: an allowance that is no longer needed, or that gives no reason, is a fault', () => {
  expect(faultsOf([], [allowance])).toEqual([expect.stringContaining('shrink')]);
  expect(faultsOf([finding], [{ ...allowance, reason: 'because' }])).toEqual([expect.stringContaining('no reason')]);
});
