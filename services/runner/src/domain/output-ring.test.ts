import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OutputRing } from './output-ring.ts';

const bytes = (from: number, to: number): Uint8Array =>
  Uint8Array.from({ length: to - from }, (_, index) => (from + index) % 251);

type Command = { readonly do: 'append' | 'take' | 'acknowledge' | 'reconnect'; readonly size: number };
const commands = fc.array(
  fc.record({
    do: fc.constantFrom('append' as const, 'take' as const, 'acknowledge' as const, 'reconnect' as const),
    size: fc.nat(60),
  }),
  { maxLength: 200 },
);

/** Plays a history against a reader that keeps what it gets, and checks every chunk against what was written. */
function play(history: readonly Command[], cap: number): void {
  const ring = new OutputRing(cap);
  let written = 0;
  let position = 0;
  for (const { do: command, size } of history) {
    if (command === 'append') {
      ring.append(bytes(written, written + size));
      written += size;
    } else if (command === 'take') {
      const chunk = ring.take(size + 1);
      if (chunk === null) {
        expect(position).toBe(written);
        continue;
      }
      expect(chunk.offset - chunk.skipped).toBe(position);
      expect([...chunk.data]).toEqual([...bytes(chunk.offset, chunk.offset + chunk.data.length)]);
      position = chunk.offset + chunk.data.length;
    } else if (command === 'acknowledge') ring.acknowledge(position);
    else ring.rewind(position);
    expect(ring.unsentBytes + ring.inFlightBytes).toBeLessThanOrEqual(cap);
  }
}

describe('the output ring', () => {
  it('R-4: every chunk begins where the reader stands, bytes that were dropped counted, over random histories', () => {
    fc.assert(fc.property(commands, fc.integer({ min: 1, max: 120 }), play), { numRuns: 500 });
  });

  it('R-4: sends again from where the reader of a new connection stands', () => {
    const ring = new OutputRing(100);
    ring.append(bytes(0, 30));
    ring.take(30);
    ring.rewind(10);
    expect(ring.take(100)).toEqual({ offset: 10, data: bytes(10, 30), skipped: 0 });
  });

  it('R-4: says how much was dropped when more came than it holds', () => {
    const ring = new OutputRing(10);
    ring.append(bytes(0, 8));
    ring.append(bytes(8, 25));
    expect(ring.take(100)).toEqual({ offset: 15, data: bytes(15, 25), skipped: 15 });
  });
});
