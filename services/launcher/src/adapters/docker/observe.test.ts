import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Handle } from './handle.ts';
import { LABEL } from './names.ts';
import { observe } from './observe.ts';

const TASK = '11111111-1111-4111-8111-111111111111';
const SLOTS = ['00000000000a', '00000000000b', '00000000000c'] as const;
const NOW = Date.parse('2026-01-01T00:10:00Z');

function handle(slot: string, kind: 'warm' | 'starting' | 'assigning' | 'begun', ageMs: number): Handle {
  const limits = { memoryMb: 64, cpus: 1, pids: 32, diskMb: 64 };
  const profile = { projectId: TASK, image: null, limits, hubObjects: '/objects', headCommit: null };
  const attempt = SLOTS.indexOf(slot as (typeof SLOTS)[number]) + 1;
  return {
    slot,
    subject:
      kind === 'warm'
        ? { kind, warmId: TASK, profile, uses: 0 }
        : { kind: 'attempt', taskId: TASK, attempt, phase: kind },
    image: 'x',
    limits,
    hubObjects: null,
    configFile: null,
    tree: 'tree',
    createdAt: new Date(NOW - ageMs).toISOString(),
  };
}
const container = (slot: string, isRunning: boolean, kind = 'attempt', run?: string) => ({
  id: `${kind}-${slot}-${run ?? ''}`,
  isRunning,
  labels: { [LABEL.slot]: slot, [LABEL.kind]: kind, ...(run === undefined ? {} : { [LABEL.run]: run }) },
});
const [A, B, C] = SLOTS;

describe('what there is', () => {
  it('DS-15: a container is of a handle, of a run that is waited for, or a stray', () => {
    const { strays } = observe({
      handles: [handle(A, 'begun', 0), handle(B, 'warm', 0)],
      containers: [
        container(A, true),
        container(B, true, 'warm'),
        container(C, true),
        container(A, true, 'archive', 'mine'),
        container(A, false, 'archive', 'before'),
        { id: 'bare', isRunning: false, labels: {} },
      ],
      slots: [],
      runs: new Set(['mine']),
      now: NOW,
    });
    expect(strays).toEqual([`attempt-${C}-`, `archive-${A}-before`, 'bare']);
  });

  it('DS-12: a start that was handed back is no sandbox that ended, until it has not come again for two minutes', () => {
    const seen = (ageMs: number): unknown =>
      observe({
        handles: [handle(A, 'starting', ageMs)],
        containers: [container(A, false)],
        slots: [{ slot: A, isRemoved: false }],
        runs: new Set(),
        now: NOW,
      }).views;
    expect(seen(60_000)).toEqual([]);
    expect(seen(121_000)).toEqual([{ taskId: TASK, attempt: 1, state: 'stopped' }]);
  });

  it('DS-15: whatever there is, each attempt is seen once at most, running exactly where its container runs', () => {
    const kinds = fc.constantFrom('warm', 'starting', 'assigning', 'begun', 'none');
    const one = fc.record({
      kind: kinds,
      ageMs: fc.integer({ min: 0, max: 300_000 }),
      runs: fc.option(fc.boolean()),
      slot: fc.option(fc.boolean()),
    });
    fc.assert(
      fc.property(fc.tuple(one, one, one), (all) => {
        const facts = all.map((each, at) => ({ ...each, at, name: SLOTS[at] ?? A }));
        const { views, strays } = observe({
          handles: facts.flatMap(({ kind, ageMs, name }) => (kind === 'none' ? [] : [handle(name, kind, ageMs)])),
          containers: facts.flatMap(({ runs, name }) => (runs === null ? [] : [container(name, runs)])),
          slots: facts.flatMap(({ slot, name }) => (slot === null ? [] : [{ slot: name, isRemoved: slot }])),
          runs: new Set(),
          now: NOW,
        });
        for (const { kind, ageMs, runs, slot, at, name } of facts) {
          const mine = views.filter(({ attempt }) => attempt === at + 1);
          const isAttempt = kind !== 'none' && kind !== 'warm';
          expect(strays.includes(container(name, true).id)).toBe(kind === 'none' && runs !== null);
          if (!isAttempt) expect(mine).toEqual([]);
          else if (runs === true) expect(mine).toMatchObject([{ state: 'running' }]);
          else if (kind === 'starting' && ageMs < 120_000) expect(mine).toEqual([]);
          else expect(mine).toMatchObject([{ state: slot === false ? 'stopped' : 'removed' }]);
        }
      }),
      { numRuns: 500 },
    );
  });
});
