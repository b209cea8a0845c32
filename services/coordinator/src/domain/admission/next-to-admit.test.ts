import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Contender, type House, nextToAdmit } from './next-to-admit.ts';
import { turnOf } from './place.ts';

const OPEN: House = { running: 0, maxRunning: null, shut: new Map() };
const at = (priority: number, ms: number): number =>
  turnOf({ priority, createdAt: new Date(ms).toISOString() } as Parameters<typeof turnOf>[0]);
const contender = (coordinatorId: string, changes: Partial<Contender> = {}): Contender => ({
  coordinatorId,
  paused: false,
  budgetSpent: false,
  running: 0,
  maxRunning: null,
  heads: [{ taskId: `of ${coordinatorId}`, kind: 'scripted', turn: at(5, 1_000) }],
  ...changes,
});
const head = (taskId: string, turn: number, kind: 'scripted' | 'command' = 'scripted') => ({ taskId, kind, turn });

describe('who is next', () => {
  it('AD-8: of one coordinator’s the highest priority, then the oldest, whatever their kind of agent', () => {
    const heads = [head('old', at(5, 1)), head('high', at(6, 9), 'command')];
    expect(nextToAdmit([contender('a', { heads })], OPEN)).toEqual({ taskId: 'high', trial: false });
    const same = [head('late', at(0, 2)), head('early', at(0, 1), 'command')];
    expect(nextToAdmit([contender('a', { heads: same })], OPEN)?.taskId).toBe('early');
  });

  it('AD-7: between coordinators the fewest running, then the longest wait; a priority does not count there', () => {
    const busy = contender('busy', { running: 3, heads: [head('busy', at(9, 1))] });
    const idle = contender('idle', { running: 1, heads: [head('idle', at(0, 500))] });
    const idleToo = contender('idle too', { running: 1, heads: [head('idle too', at(9, 501))] });
    expect(nextToAdmit([busy, idleToo, idle], OPEN)?.taskId).toBe('idle');
  });

  it('AD-2: nobody who is paused, has no room or no budget, or whose kind is shut', () => {
    for (const shut of [
      contender('a', { paused: true }),
      contender('a', { budgetSpent: true }),
      contender('a', { running: 2, maxRunning: 2 }),
      contender('a', { heads: [] }),
    ])
      expect(nextToAdmit([shut], OPEN)).toBeNull();
    expect(nextToAdmit([contender('a')], { ...OPEN, running: 4, maxRunning: 4 })).toBeNull();
    const heads = [head('s', at(9, 1)), head('c', at(0, 2), 'command')];
    const shut = new Map([['scripted', 'all' as const]] as const);
    expect(nextToAdmit([contender('a', { heads })], { ...OPEN, shut })).toEqual({ taskId: 'c', trial: false });
    const trying = new Map([['scripted', 'but_one' as const]] as const);
    expect(nextToAdmit([contender('a', { heads })], { ...OPEN, shut: trying })).toEqual({ taskId: 's', trial: true });
  });

  it('AD-7: taken again and again it lets no coordinator get two ahead of another that waits', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 2, maxLength: 5 }), (waiting) => {
        const running = waiting.map(() => 0);
        const left = [...waiting];
        const total = waiting.reduce((sum, count) => sum + count, 0);
        for (let step = 0; step < total; step += 1) {
          const contenders = waiting.map((_, index) =>
            contender(`${index}`, {
              running: running[index] ?? 0,
              heads: (left[index] ?? 0) > 0 ? [head(`${index}`, at(5, index))] : [],
            }),
          );
          const chosen = Number(nextToAdmit(contenders, OPEN)?.taskId);
          running[chosen] = (running[chosen] ?? 0) + 1;
          left[chosen] = (left[chosen] ?? 0) - 1;
          const stillWaiting = running.filter((_, index) => (left[index] ?? 0) > 0);
          if (stillWaiting.length > 0)
            expect((running[chosen] ?? 0) - Math.min(...stillWaiting)).toBeLessThanOrEqual(1);
        }
        expect(nextToAdmit([], OPEN)).toBeNull();
      }),
      { numRuns: 100 },
    );
  });
});
