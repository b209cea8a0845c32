import { describe, expect, it } from 'vitest';
import { listenForStop } from './stop-signals.ts';

describe('listenForStop', () => {
  it('C-7: the first signal stops, the same one passed on at once is no second, a later one hurries', () => {
    let now = 1_000;
    const signals = listenForStop(() => now);
    try {
      expect(signals.stop.aborted).toBe(false);
      process.emit('SIGINT');
      expect(signals.stop.aborted).toBe(true);
      now += 100;
      process.emit('SIGTERM');
      expect(signals.hurry.aborted).toBe(false);
      now += 1_000;
      process.emit('SIGINT');
      expect(signals.hurry.aborted).toBe(true);
    } finally {
      signals.dispose();
    }
    expect(process.listenerCount('SIGHUP')).toBe(0);
  });
});
