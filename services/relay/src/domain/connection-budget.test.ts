import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConnectionBudget, type Share } from './connection-budget.ts';

const taken = (share: Share, tries = 10_000): number => {
  let count = 0;
  while (count < tries && share.enter()) count += 1;
  return count;
};

describe('the budget of connections', () => {
  it('RL-26: a slot gets a quarter at most, and all of them never more than there are', () => {
    const budget = new ConnectionBudget({ connections: 4_096, descriptors: 20_000 });
    const shares = Array.from({ length: 8 }, () => budget.openSlot());
    const got = shares.map((share) => taken(share));
    expect(got.slice(0, 3)).toEqual([1_024, 1_024, 1_024]);
    expect(got.slice(3)).toEqual([128, 128, 128, 128, 128]);
  });

  it('RL-26: what descriptors there are bounds it: two a connection, besides those that listen', () => {
    expect(new ConnectionBudget({ connections: 4_096, descriptors: 1_024 }).limit).toBe(448);
    const budget = new ConnectionBudget({ connections: 4_096, descriptors: 1_024 });
    for (let slot = 0; slot < 100; slot += 1) budget.openSlot();
    expect(budget.limit).toBe(298);
  });

  it('RL-26: whatever comes and goes, the limit holds and who holds nothing gets in as long as slots are not more than shares', () => {
    const step = fc.record({ slot: fc.nat(9), enters: fc.boolean(), times: fc.integer({ min: 1, max: 60 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const budget = new ConnectionBudget({ connections: 120, descriptors: 20_000 });
        const shares = Array.from({ length: 10 }, () => ({ share: budget.openSlot(), held: 0 }));
        for (const { slot, enters, times } of steps) {
          const one = shares[slot];
          if (one === undefined) continue;
          for (let time = 0; time < times; time += 1) {
            if (enters && one.share.enter()) one.held += 1;
            else if (!enters && one.held > 0) {
              one.share.leave();
              one.held -= 1;
            }
          }
          expect(shares.reduce((sum, { held }) => sum + held, 0)).toBeLessThanOrEqual(120);
          for (const { share, held } of shares) {
            if (held > 0) continue;
            expect(share.enter()).toBe(true);
            share.leave();
          }
        }
      }),
    );
  });
});
