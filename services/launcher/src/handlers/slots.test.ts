import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Gate } from './gate.ts';
import { Slots } from './slots.ts';

const ref = (): { taskId: string; attempt: number } => ({ taskId: randomUUID(), attempt: 1 });
const never = new AbortController().signal;
const isOpen = (slots: Slots): Promise<boolean> =>
  slots.reserve(AbortSignal.timeout(5)).then(
    (place) => (place.cancel(), true),
    () => false,
  );

describe('slots', () => {
  it('L-4: never more inside than the limit, whatever comes, goes and gives up', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 4 }),
        fc.array(fc.constantFrom('enter', 'leave', 'give up'), { maxLength: 40 }),
        async (limit, acts) => {
          const gate = new Gate(limit);
          const inside: (() => void)[] = [];
          const waiting: { giveUp: AbortController; done: Promise<void> }[] = [];
          for (const act of acts) {
            if (act === 'enter') {
              const giveUp = new AbortController();
              const done = gate.enter(giveUp.signal).then(
                (leave) => void inside.push(leave),
                () => undefined,
              );
              waiting.push({ giveUp, done });
            } else if (act === 'leave') {
              const leave = inside.shift();
              leave?.();
              leave?.();
            } else {
              waiting.shift()?.giveUp.abort();
            }
            await new Promise(setImmediate);
            expect(inside.length).toBeLessThanOrEqual(limit);
          }
          for (const { giveUp } of waiting) giveUp.abort();
          await Promise.all(waiting.map(({ done }) => done));
          for (const leave of inside.splice(0)) leave();
          // Nothing was lost: all places are free again.
          for (let place = 0; place < limit; place += 1) await gate.enter(AbortSignal.timeout(1_000));
        },
      ),
      { numRuns: 50 },
    );
  });

  it('L-4: a place is taken from the reservation until its sandbox is freed, once, however often that is said', async () => {
    const slots = new Slots(1);
    const sandbox = ref();
    const place = await slots.reserve(never);
    expect(await isOpen(slots)).toBe(false);
    place.assign(sandbox);
    place.cancel();
    expect(await isOpen(slots)).toBe(false);
    slots.free(sandbox);
    slots.free(sandbox);
    await slots.reserve(never);
    expect(await isOpen(slots)).toBe(false);
  });

  it('L-4: recovered sandboxes count, also those beyond the limit', async () => {
    const slots = new Slots(1);
    const [first, second] = [ref(), ref()];
    slots.hold(first);
    slots.hold(first);
    slots.hold(second);
    slots.free(first);
    expect(await isOpen(slots)).toBe(false);
    slots.free(second);
    expect(await isOpen(slots)).toBe(true);
  });
});
