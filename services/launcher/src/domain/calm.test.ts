import { describe, expect, it } from 'vitest';
import { CALM_AFTER_MS, CALM_AT_LAST_MS, NO_HAND_OVERS, calmInMs, handOverBegun, handOverEnded } from './calm.ts';

describe('calm', () => {
  it('WP-3: it is calm before the first hand-over, and again a while after the last of several', () => {
    expect(calmInMs(NO_HAND_OVERS, 0)).toBe(0);
    const both = handOverBegun(handOverBegun(NO_HAND_OVERS, 1_000), 1_050);
    expect(calmInMs(both, 1_060)).toBe(Infinity);
    const one = handOverEnded(both, 1_100);
    expect(calmInMs(one, 1_100)).toBe(Infinity);
    const none = handOverEnded(one, 1_200);
    expect(calmInMs(none, 1_200)).toBe(CALM_AFTER_MS);
    expect(calmInMs(none, 1_200 + CALM_AFTER_MS)).toBe(0);
  });

  it('WP-3: hand-overs that never pause make it wait no longer than the bound', () => {
    let now = 10_000;
    let handOvers = NO_HAND_OVERS;
    for (; calmInMs(handOvers, now) > 0 || now === 10_000; now += CALM_AFTER_MS / 2) {
      handOvers = handOverEnded(handOverBegun(handOvers, now), now);
    }
    expect(now - 10_000).toBeGreaterThanOrEqual(CALM_AT_LAST_MS);
    expect(now - 10_000).toBeLessThanOrEqual(CALM_AT_LAST_MS + CALM_AFTER_MS);
  });
});
