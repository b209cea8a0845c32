import { describe, expect, it } from 'vitest';
import { BREAKER_TIMES, type BreakerEvent, alarmOf, breakerState, breakerView, nextBreaker } from './breaker.ts';

const MINUTE = 60_000;
const DAY = 1_440 * MINUTE;
let ids = 0;
const hit = (changes: Partial<Extract<BreakerEvent, { type: 'hit' }>> = {}): BreakerEvent => ({
  type: 'hit',
  id: `${(ids += 1)}`,
  until: null,
  reason: 'spent',
  taskId: 'a task',
  ...changes,
});

describe('a breaker', () => {
  it('AD-19: is open until the instant that was named, and closed by time alone', () => {
    const open = nextBreaker(null, hit({ until: 10 * MINUTE }), 0);
    expect(open).toMatchObject({ until: 10 * MINUTE, retryAt: null });
    expect([breakerState(open, 10 * MINUTE - 1), breakerState(open, 10 * MINUTE)]).toEqual(['open', 'closed']);
    expect(alarmOf(open, 1)).toBe(10 * MINUTE);
    expect(nextBreaker(open, { type: 'time_passed' }, 5 * MINUTE)).toBe(open);
    expect(nextBreaker(open, { type: 'time_passed' }, 10 * MINUTE)).toBeNull();
    // A later word holds longer, an earlier one or none changes nothing, and one that is over says nothing of when.
    expect(nextBreaker(open, hit({ until: 20 * MINUTE }), MINUTE)).toMatchObject({ until: 20 * MINUTE, openedAt: 0 });
    expect(nextBreaker(open, hit({ until: 5 * MINUTE }), MINUTE)).toBe(open);
    expect(nextBreaker(open, hit(), MINUTE)).toBe(open);
    expect(nextBreaker(null, hit({ until: 4 }), MINUTE)).toMatchObject({ until: null, retryAt: 2 * MINUTE });
  });

  it('AD-20: pauses double from one minute to thirty, each after a trial that met the quota', () => {
    let now = 0;
    let breaker = nextBreaker(null, hit(), now);
    const pauses: number[] = [];
    for (let round = 0; round < 8; round += 1) {
      const { pauseMs, retryAt } = breaker ?? { pauseMs: 0, retryAt: null };
      pauses.push(pauseMs / MINUTE);
      expect(retryAt).toBe(now + pauseMs);
      // Hits while it is open are of the same outage.
      expect(nextBreaker(breaker, hit(), now + 1)).toBe(breaker);
      now += pauseMs;
      expect(breakerState(breaker, now)).toBe('half_open');
      breaker = nextBreaker(breaker === null ? null : { ...breaker, trial: 't' }, hit({ taskId: 't' }), now);
    }
    expect(pauses).toEqual([1, 2, 4, 8, 16, 30, 30, 30]);
    expect(breaker?.trial).toBeNull();
  });

  it('AD-20: only its own trial closes or frees it, and the same report heard twice is one', () => {
    const first = hit();
    const open = nextBreaker(null, first, 0);
    if (open === null) throw new Error('it is closed');
    const trying = { ...open, trial: 't' };
    const now = 2 * MINUTE;
    expect(nextBreaker(trying, { type: 'trial_passed', taskId: 'other' }, now)).toBe(trying);
    expect(nextBreaker(trying, { type: 'trial_passed', taskId: 't' }, now)).toBeNull();
    expect(nextBreaker(trying, { type: 'trial_void', taskId: 'other' }, now)).toBe(trying);
    expect(nextBreaker(trying, { type: 'trial_void', taskId: 't' }, now)).toEqual(open);
    expect(nextBreaker(trying, first, now)).toBe(trying);
    expect(nextBreaker(trying, { type: 'time_passed' }, now)).toBe(trying);
    expect(alarmOf(trying, now)).toBeNull();
    expect(nextBreaker(open, { type: 'trial_passed', taskId: 't' }, 1)).toBe(open);
  });

  it('AD-21: an agent’s word holds for a day at most, an operator’s for as long as it says', () => {
    expect(nextBreaker(null, hit({ until: 9 * DAY }), 0)?.until).toBe(BREAKER_TIMES.longestWordMs);
    const byOperator = nextBreaker(null, hit({ until: 9 * DAY, taskId: null }), 0);
    expect(byOperator?.until).toBe(9 * DAY);
    expect(nextBreaker(byOperator, { type: 'closed' }, 1)).toBeNull();
    expect(breakerView('scripted', byOperator, 9 * DAY)).toMatchObject({ state: 'closed', until: null, reason: null });
  });
});
