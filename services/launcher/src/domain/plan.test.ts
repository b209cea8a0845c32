import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Observed, STOP_GRACE_MS, type Wanted, plan } from './plan.ts';

const observed = fc.record({
  taskId: fc.constantFrom('a', 'b', 'c', 'd'),
  attempt: fc.integer({ min: 1, max: 3 }),
  state: fc.constantFrom('running', 'stopped', 'removed'),
  busy: fc.boolean(),
  retryAt: fc.constantFrom(0, 500, 2_000),
}) satisfies fc.Arbitrary<Observed>;
const wanted = fc.record({
  taskId: fc.constantFrom('a', 'b', 'c', 'd'),
  attempt: fc.integer({ min: 1, max: 3 }),
  want: fc.constantFrom('run', 'stop', 'destroy'),
  stopSinceMs: fc.constantFrom(0, STOP_GRACE_MS - 1, STOP_GRACE_MS, 1_000_000),
}) satisfies fc.Arbitrary<Wanted>;

const keyOf = ({ taskId, attempt }: { taskId: string; attempt: number }): string => `${taskId}-${attempt}`;
const unique = { selector: keyOf };
const histories = [
  fc.uniqueArray(observed, unique),
  fc.option(fc.uniqueArray(wanted, unique)),
  fc.constantFrom(0, 500, 1_000, 3_000),
] as const;
const NOW = 1_000;
const one = (state: Observed['state'], want: Wanted | null): ReturnType<typeof plan> =>
  plan([{ taskId: 'a', attempt: 1, state, busy: false, retryAt: 0 }], want === null ? [] : [want], NOW);

describe('plan', () => {
  it('L-1: answers every state with at most one action a sandbox, and only for sandboxes that there are', () => {
    fc.assert(
      fc.property(...histories, (sandboxes, wants, now) => {
        const keys = plan(sandboxes, wants, now).map(keyOf);
        expect(new Set(keys).size).toBe(keys.length);
        expect(sandboxes.map(keyOf)).toEqual(expect.arrayContaining(keys));
      }),
    );
  });

  it('L-1: never touches what is busy or waits for its next try, and never a live runner that nobody wants ended', () => {
    fc.assert(
      fc.property(...histories, (sandboxes, wants, now) => {
        const touched = new Set(plan(sandboxes, wants, now).map(keyOf));
        for (const sandbox of sandboxes) {
          const want = wants?.find((entry) => keyOf(entry) === keyOf(sandbox));
          const mayLive = sandbox.state === 'running' && (want === undefined || want.want === 'run');
          if (sandbox.busy || sandbox.retryAt > now || mayLive) expect(touched).not.toContain(keyOf(sandbox));
        }
      }),
    );
  });

  it('L-1: comes to rest: what is not live is always dealt with once nothing holds it back', () => {
    fc.assert(
      fc.property(histories[0], histories[1], (sandboxes, wants) => {
        const touched = new Set(
          plan(
            sandboxes.map((sandbox) => ({ ...sandbox, busy: false })),
            wants,
            10_000,
          ).map(keyOf),
        );
        for (const sandbox of sandboxes) if (sandbox.state !== 'running') expect(touched).toContain(keyOf(sandbox));
      }),
    );
  });

  it('L-1: gives a runner that winds down its time, and ends it after that', () => {
    const stop = (stopSinceMs: number): Wanted => ({ taskId: 'a', attempt: 1, want: 'stop', stopSinceMs });
    expect(one('running', stop(STOP_GRACE_MS - 1))).toEqual([]);
    expect(one('running', stop(STOP_GRACE_MS))).toMatchObject([{ do: 'destroy', taskId: 'a', attempt: 1 }]);
    expect(one('running', { taskId: 'a', attempt: 1, want: 'destroy', stopSinceMs: 0 })).toMatchObject([
      { do: 'destroy' },
    ]);
    expect(one('running', { taskId: 'a', attempt: 2, want: 'destroy', stopSinceMs: 0 })).toEqual([]);
    expect(one('stopped', null)).toMatchObject([{ do: 'destroy' }]);
    expect(one('removed', null)).toEqual([{ do: 'report', taskId: 'a', attempt: 1 }]);
  });
});
