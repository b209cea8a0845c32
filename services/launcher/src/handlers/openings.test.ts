import { describe, expect, it } from 'vitest';
import { type Opening, Openings } from './openings.ts';

describe('openings', () => {
  it('L-13: as many are open as find a warm sandbox or a turn to start; none while sandboxes are away', async () => {
    const now = { isReady: false, starts: 1, warm: 1 };
    const openings = new Openings({ isReady: () => now.isReady, starts: () => now.starts, warm: () => now.warm });
    const got: Opening[] = [];
    const stopping = new AbortController();
    const take = async (): Promise<void> => {
      while (!stopping.signal.aborted) got.push(await openings.enter(stopping.signal));
    };
    const taking = take().catch(() => 'stopped');
    const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
    const expectGot = async (count: number): Promise<void> => {
      await settled();
      expect(got.length).toBe(count);
    };
    openings.poke();
    await expectGot(0);
    now.isReady = true;
    openings.poke();
    await expectGot(2);
    // The first took the warm one: there is one less of those, and one less that is undecided.
    now.warm = 0;
    got[0]?.decided();
    got[0]?.decided();
    await expectGot(2);
    now.warm = 1;
    openings.poke();
    await expectGot(3);
    now.isReady = false;
    got[1]?.decided();
    got[2]?.decided();
    await expectGot(3);
    stopping.abort();
    expect(await taking).toBe('stopped');
  });
});
