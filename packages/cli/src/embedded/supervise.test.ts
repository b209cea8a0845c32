import { describe, expect, it } from 'vitest';
import { type Part, restartDelayMs, type Running, supervise } from './supervise.ts';

/** A part whose ends the test decides on. */
function controlled() {
  const ends: ((how: string) => void)[] = [];
  const waiting: { count: number; resolve: () => void }[] = [];
  let failStarts = false;
  const part: Part = {
    name: 'part',
    start(): Promise<Running> {
      let end: (how: string) => void = () => undefined;
      const ended = new Promise<string>((resolve) => (end = resolve));
      ends.push(end);
      for (const { count, resolve } of waiting) if (ends.length >= count) resolve();
      if (failStarts) return Promise.reject(new Error('no'));
      return Promise.resolve({ ended, stop: () => Promise.resolve(end('was stopped')) });
    },
  };
  const starts = (count: number): Promise<void> =>
    ends.length >= count ? Promise.resolve() : new Promise((resolve) => waiting.push({ count, resolve }));
  return {
    part,
    starts,
    end: (how: string) => ends.at(-1)?.(how),
    count: () => ends.length,
    refuse: () => (failStarts = true),
  };
}

const hooks = (onGivenUp: (reason: string) => void = () => undefined) => ({
  say: () => undefined,
  onGivenUp,
  signal: new AbortController().signal,
});

describe('supervise', () => {
  it('C-4: pauses grow from 0.1 s to 5 s', () => {
    expect([1, 2, 3, 4, 5, 6, 7, 8].map(restartDelayMs)).toEqual([100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
  });

  it('C-4: a part that ends is started again, and not after a stop', async () => {
    const { part, starts, end, count } = controlled();
    const supervised = await supervise(part, hooks());
    end('ended with exit code 1');
    await starts(2);
    end('was ended by SIGKILL');
    await starts(3);
    await supervised.stop(1_000);
    await supervised.stop(1_000);
    expect(count()).toBe(3);
  });

  it('C-4: the first start’s error is the caller’s', async () => {
    const { part, refuse } = controlled();
    refuse();
    await expect(supervise(part, hooks())).rejects.toThrow('no');
  });

  it('C-5: after eight failures within a minute it is given up, once, with the reason', async () => {
    const { part, starts, end, refuse, count } = controlled();
    const given: string[] = [];
    let resolve: () => void = () => undefined;
    const givenUp = new Promise<void>((done) => (resolve = done));
    const supervised = await supervise(
      part,
      hooks((reason) => {
        given.push(reason);
        resolve();
      }),
    );
    refuse();
    end('ended with exit code 9');
    await starts(2);
    await givenUp;
    expect(given).toHaveLength(1);
    expect(given[0]).toMatch(/^part ended 8 times within a minute/);
    expect(count()).toBe(8);
    await supervised.stop(100);
  }, 30_000);

  it('C-4: a stop during a pause does not wait for it', async () => {
    const took: number[] = [];
    for (let round = 0; round < 5; round += 1) {
      const { part, end, count } = controlled();
      const supervised = await supervise(part, hooks());
      end('ended');
      const startedAt = performance.now();
      await supervised.stop(1_000);
      took.push(performance.now() - startedAt);
      expect(count()).toBe(1);
    }
    // The best of five: the machine may be busy with something else for a moment.
    expect(Math.min(...took)).toBeLessThan(90);
  });
});
