import { describe, expect, it } from 'vitest';
import { createRequestCounts } from './request-counts.ts';

describe('counting requests', () => {
  it('AC-16: each request is told by its own place, and the window ends with its time', () => {
    const count = createRequestCounts(2, 1_000);
    expect([10, 20, 30, 900].map((ms) => count('one', ms))).toEqual([null, null, 980, 110]);
    expect(count('other', 900)).toBe(null);
    expect([1_009, 1_010, 1_011, 1_012].map((ms) => count('one', ms))).toEqual([1, null, null, 998]);
  });

  it('AC-16: so many callers are counted and no more, the last ones', () => {
    const count = createRequestCounts(1, 1_000);
    for (let caller = 0; caller < 5_001; caller += 1) expect(count(`${caller}`, caller / 10)).toBe(null);
    expect(count('5000', 600)).not.toBe(null);
    expect(count('1', 600)).not.toBe(null);
    expect(count('0', 600)).toBe(null);
  });
});
