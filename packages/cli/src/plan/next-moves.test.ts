import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isOver, nextMoves, type Standing } from './next-moves.ts';

/** Tasks that need only earlier ones: no cycles, as a read plan has none. */
const plans = fc.array(fc.array(fc.nat(), { maxLength: 3 }), { minLength: 1, maxLength: 12 }).map((needs) =>
  needs.map((wanted, index) => ({
    name: `t${index}`,
    needs: index === 0 ? [] : [...new Set(wanted.map((need) => `t${need % index}`))],
  })),
);

describe('nextMoves', () => {
  it('RP-3, RP-4: comes to an end in every order of outcomes, starts nothing too early or too much, skips who must be', () => {
    fc.assert(
      fc.property(plans, fc.integer({ min: 1, max: 4 }), fc.infiniteStream(fc.nat()), (tasks, concurrency, choices) => {
        const standing = new Map<string, Standing>();
        for (let step = 0; !isOver(tasks, standing); step += 1) {
          expect(step).toBeLessThan(100);
          const { start, skip } = nextMoves(tasks, standing, concurrency);
          for (const { task, because } of skip) {
            expect(task.needs).toContain(because);
            expect(['failed', 'skipped']).toContain(standing.get(because));
            standing.set(task.name, 'skipped');
          }
          for (const task of start) {
            expect(task.needs.every((need) => standing.get(need) === 'passed')).toBe(true);
            standing.set(task.name, 'live');
          }
          const live = tasks.filter(({ name }) => standing.get(name) === 'live');
          expect(live.length).toBeLessThanOrEqual(concurrency);
          const ended = live[choices.next().value % Math.max(1, live.length)];
          if (ended !== undefined) standing.set(ended.name, choices.next().value % 3 === 0 ? 'failed' : 'passed');
          else expect(skip.length).toBeGreaterThan(0);
        }
        for (const { name, needs } of tasks) {
          const passed = needs.every((need) => standing.get(need) === 'passed');
          expect(standing.get(name) === 'skipped').toBe(!passed);
        }
      }),
    );
  });
});
