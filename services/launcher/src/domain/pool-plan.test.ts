import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_AGE_MS, planPool, whoGivesWay } from './pool-plan.ts';

const NOW = 10 * MAX_AGE_MS;
const KEYS = ['a', 'b', 'c'];
const member = fc.record({
  warmId: fc.uuid(),
  key: fc.constantFrom(...KEYS),
  createdAtMs: fc.integer({ min: NOW - 2 * MAX_AGE_MS, max: NOW }),
});
const members = fc.uniqueArray(member, { selector: ({ warmId }) => warmId, maxLength: 12 });
const sizes = fc.array(fc.tuple(fc.constantFrom(...KEYS), fc.nat(4)), { maxLength: 3 }).map((each) => new Map(each));

describe('planPool', () => {
  it('WP-2: leaves nobody too old, unwanted or beyond the size, and ends nobody else', () => {
    fc.assert(
      fc.property(members, sizes, (all, wanted) => {
        const { end } = planPool(all, wanted, NOW);
        for (const key of KEYS) {
          const own = all.filter((each) => each.key === key);
          const young = own.filter(({ createdAtMs }) => createdAtMs > NOW - MAX_AGE_MS);
          const left = own.filter(({ warmId }) => !end.includes(warmId));
          expect(left.length).toBe(Math.min(young.length, wanted.get(key) ?? 0));
          expect(left.every((each) => young.includes(each))).toBe(true);
        }
      }),
    );
  });

  it('WP-2: starts one at a time until each profile has its size, and then none', () => {
    fc.assert(
      fc.property(members, sizes, (all, wanted) => {
        const { end, start: first } = planPool(all, wanted, NOW);
        let now = all.filter(({ warmId }) => !end.includes(warmId));
        let start = first;
        for (let count = 0; start !== null; count += 1) {
          expect(count).toBeLessThan(20);
          now = [...now, { warmId: `new ${count}`, key: start, createdAtMs: NOW }];
          const next = planPool(now, wanted, NOW);
          expect(next.end).toEqual([]);
          start = next.start;
        }
        for (const [key, size] of wanted) expect(now.filter((each) => each.key === key).length).toBe(size);
      }),
    );
  });

  it('WP-5: who gives way is of the least likely profile, and one that nobody wants before all', () => {
    const all = [
      { warmId: '1', key: 'a', createdAtMs: 1 },
      { warmId: '2', key: 'b', createdAtMs: 3 },
      { warmId: '3', key: 'b', createdAtMs: 2 },
    ];
    expect(whoGivesWay(all, ['a', 'b'])).toBe('3');
    expect(whoGivesWay(all, ['b', 'a'])).toBe('1');
    expect(whoGivesWay(all, ['b'])).toBe('1');
    expect(whoGivesWay([], ['b'])).toBeNull();
  });
});
