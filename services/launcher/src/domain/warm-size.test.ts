import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { warmShares, warmSizes, warmTotal } from './warm-size.ts';

const count = fc.integer({ min: 0, max: 200 });
const bursts = fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 20 });
const wish = fc.record({ min: count, max: count, room: count, bursts, before: count, mayShrink: fc.boolean() });
const sum = (numbers: readonly number[]): number => numbers.reduce((one, other) => one + other, 0);

describe('warmTotal', () => {
  it('WP-1: is never more than the maximum or the room, and never less than the minimum where there is room', () => {
    fc.assert(
      fc.property(wish, (each) => {
        const total = warmTotal(each);
        expect(total).toBeLessThanOrEqual(Math.min(each.max, each.room));
        expect(total).toBeGreaterThanOrEqual(each.bursts.length === 0 ? 0 : Math.min(each.min, each.max, each.room));
        expect(Number.isInteger(total)).toBe(true);
      }),
    );
  });

  it('WP-1: grows at once with what came at once, and one attempt more never makes it smaller', () => {
    fc.assert(
      fc.property(wish, fc.nat(), (each, place) => {
        const total = warmTotal(each);
        expect(total).toBeGreaterThanOrEqual(
          Math.min(sum(each.bursts), each.max, each.room, each.bursts.length === 0 ? 0 : Infinity),
        );
        if (each.bursts.length === 0) return;
        const more = each.bursts.with(place % each.bursts.length, (each.bursts[place % each.bursts.length] ?? 0) + 1);
        expect(warmTotal({ ...each, bursts: more })).toBeGreaterThanOrEqual(total);
      }),
    );
  });

  it('WP-1: shrinks by a quarter a step, only when it is time, and arrives', () => {
    fc.assert(
      fc.property(wish, (each) => {
        fc.pre(each.bursts.length > 0 && each.before <= Math.min(each.max, each.room));
        const total = warmTotal(each);
        expect(total).toBeGreaterThanOrEqual(each.mayShrink ? Math.floor((each.before * 3) / 4) : each.before);
        const end = warmTotal({ ...each, before: 0 });
        let now = each.before;
        for (let steps = 0; steps < 40; steps += 1) now = warmTotal({ ...each, before: now, mayShrink: true });
        expect(now).toBe(end);
      }),
    );
  });
});

describe('warmSizes', () => {
  it('WP-1: shares out all of them, to nobody less than was needed while there are enough', () => {
    fc.assert(
      fc.property(count, bursts, (total, each) => {
        fc.pre(each.length > 0);
        const sizes = warmSizes(total, each);
        expect(sum(sizes)).toBe(total);
        for (const [index, size] of sizes.entries()) {
          const needed = each[index] as number;
          expect(size).toBeGreaterThanOrEqual(total >= sum(each) ? needed : Math.floor((needed * total) / sum(each)));
          if (total < sum(each)) expect(size).toBeLessThanOrEqual(needed);
        }
      }),
    );
  });

  it('WP-1: what nobody needed lately goes to the likely ones', () => {
    expect(warmSizes(4, [0, 0, 0])).toEqual([2, 1, 1]);
    expect(warmSizes(1, [0, 0, 0])).toEqual([1, 0, 0]);
    expect(warmSizes(5, [0, 3])).toEqual([1, 4]);
    expect(warmSizes(2, [1, 3])).toEqual([1, 1]);
  });
});

describe('warmShares', () => {
  const share = fc.record({ burst: fc.nat(60), stuckAt: fc.option(fc.nat(20)) });

  it('WP-6: a profile that cannot start any keeps what it has as far as it goes, and the others get the rest', () => {
    fc.assert(
      fc.property(count, fc.array(share, { maxLength: 20 }), (total, shares) => {
        const sizes = warmShares(total, shares);
        const stuck = shares.reduce((held, { stuckAt }) => held + (stuckAt ?? 0), 0);
        const keeps = sizes.filter((_, index) => shares[index]?.stuckAt !== null);
        expect(sum(keeps)).toBe(Math.min(total, stuck));
        for (const [index, size] of sizes.entries()) expect(size).toBeLessThanOrEqual(shares[index]?.stuckAt ?? total);
        const others = shares.filter(({ stuckAt }) => stuckAt === null).map(({ burst }) => burst);
        expect(sizes.filter((_, index) => shares[index]?.stuckAt === null)).toEqual(
          warmSizes(total - sum(keeps), others),
        );
      }),
    );
  });
});
