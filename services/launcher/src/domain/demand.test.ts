import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BURST_MS, DEMAND_MS, type Demand, asked, burst } from './demand.ts';

const NONE: Demand = new Map();

describe('demand', () => {
  it('WP-1: counts those that came at once, for a minute', () => {
    let demand = NONE;
    for (const at of [0, 10, 20, 30_000]) demand = asked(demand, 'a', at);
    expect(burst(demand, 'a', 30_000)).toBe(3);
    expect(burst(demand, 'a', DEMAND_MS + 25)).toBe(1);
    expect(burst(demand, 'a', 30_000 + DEMAND_MS)).toBe(0);
    expect(burst(demand, 'b', 30_000)).toBe(0);
  });

  it('WP-1: is what a count of every window says, and forgets who does not come again', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 20_000 }), { minLength: 1, maxLength: 60 }), (gaps) => {
        let now = 1_000_000;
        let demand = asked(NONE, 'gone', now);
        const times: number[] = [];
        for (const gap of gaps) {
          times.push((now += gap));
          demand = asked(demand, 'a', now);
        }
        const recent = times.filter((time) => time > now - DEMAND_MS);
        const counts = recent.map((from) => recent.filter((time) => time >= from && time <= from + BURST_MS).length);
        expect(burst(demand, 'a', now)).toBe(Math.max(...counts));
        expect(demand.has('gone')).toBe(now - 1_000_000 < DEMAND_MS);
      }),
    );
  });
});
