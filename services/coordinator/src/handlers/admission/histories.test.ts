import { randomUUID } from 'node:crypto';
import { DEFAULT_LIMITS, DEFAULT_NOTIFICATION_SETTINGS, RoundhouseError, type TaskRecord } from '@roundhouse/contracts';
import { type TestRedis, startTestRedis } from '@roundhouse/testkit';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRedisAdmissionIndex } from '../../adapters/redis/redis-admission-index.ts';
import { createRedisBreakerStore } from '../../adapters/redis/redis-breaker-store.ts';
import { createRedisRegistry } from '../../adapters/redis/redis-registry.ts';
import { createRedisTaskStore } from '../../adapters/redis/redis-task-store.ts';
import { outcomeOf } from '../../domain/admission/dependencies.ts';
import { heldBy, holdsPlace } from '../../domain/admission/place.ts';
import { budgetSpent } from '../../domain/admission/standing.ts';
import type { Effect } from '../../domain/events.ts';
import { sampleTask } from '../../testing/queued-task.ts';
import { isSettled, signalIsCurrent } from '../../domain/derived.ts';
import { transition } from '../transition.ts';
import { commitNew } from './commit-new.ts';
import { createAdmissionPass } from './pass.ts';
import { weighTask } from './weigh.ts';

const HISTORIES = 20;
const log = pino({ level: 'silent' });
const clock = { now: () => new Date().toISOString(), nextId: () => randomUUID() };
let server: TestRedis;
let redis: Redis;
beforeAll(async () => {
  server = await startTestRedis();
  redis = new Redis(server.connection);
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

type Step =
  | {
      readonly do: 'create';
      readonly by: number;
      readonly priority: number;
      readonly on: readonly number[];
      readonly command: boolean;
      readonly count: number;
    }
  | { readonly do: 'run' | 'exit' | 'lose' | 'signal' | 'land' | 'close' | 'quota'; readonly task: number }
  | { readonly do: 'pause' | 'resume'; readonly by: number }
  | { readonly do: 'limit'; readonly by: number; readonly most: number | null }
  | { readonly do: 'shut' | 'free' };

const by = fc.integer({ min: 0, max: 1 });
const task = fc.integer({ min: 0, max: 30 });
const most = fc.constantFrom(null, 1, 2, 3);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('create' as const),
      by,
      priority: fc.integer({ min: 0, max: 9 }),
      on: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, fc.array(task, { minLength: 1, maxLength: 2 })),
      command: fc.boolean(),
      count: fc.integer({ min: 1, max: 4 }),
    }),
  },
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'run' as const,
        'exit' as const,
        'lose' as const,
        'signal' as const,
        'land' as const,
        'close' as const,
        'quota' as const,
      ),
      task,
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('pause' as const, 'resume' as const), by }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('limit' as const), by, most }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('shut' as const, 'free' as const) }) },
);

type Happening = Extract<Step, { task: number }>['do'];
const isRunning = ({ lifecycle }: TaskRecord): boolean => lifecycle.state === 'running';
const FITS: Readonly<Record<Happening, (task: TaskRecord) => boolean>> = {
  run: ({ lifecycle, admission }) => lifecycle.state === 'queued' && admission.state === 'admitted',
  exit: isRunning,
  lose: isRunning,
  quota: isRunning,
  signal: isRunning,
  land: (task) => signalIsCurrent(task) && task.landing.state === 'none',
  close: ({ closing }) => closing === null,
};

/** Plays a history against the real store, with two passes at a time for each effect, and looks after each step. */
async function play(steps: readonly Step[], maxRunning: number | null): Promise<void> {
  await redis.flushall();
  const store = await createRedisTaskStore(redis);
  const registry = await createRedisRegistry(redis);
  const admission = createRedisAdmissionIndex(redis);
  const breakers = await createRedisBreakerStore(redis);
  const deps = { store, registry, admission, breakers, clock, log, maxRunning };
  // Two of them are two processes.
  const passes = [createAdmissionPass(deps), createAdmissionPass(deps)];
  const owners = [randomUUID(), randomUUID()];
  const limits = new Map<string, { readonly most: number; readonly allowed: number }>();
  for (const id of owners) {
    const coordinator = {
      id,
      name: 'x',
      projectId: randomUUID(),
      createdAt: clock.now(),
      maxRunning: null,
      paused: null,
      notifications: DEFAULT_NOTIFICATION_SETTINGS,
      hostTaskId: null,
    };
    await registry.addCoordinator({ ...coordinator, budget: { tasks: null, wallClockSeconds: null } });
  }
  const ids: string[] = [];

  const all = async (): Promise<TaskRecord[]> =>
    (await Promise.all(ids.map((id) => store.read(id)))).filter((found) => found !== null);

  const execute = async (effect: Effect): Promise<void> => {
    if (effect.type === 'admit') await Promise.all(passes.map((pass) => pass(effect.coordinatorId)));
    if (effect.type === 'weigh') await weighTask(deps, effect.taskId);
    if (effect.type === 'weigh_dependants')
      await Promise.all((await admission.dependants(effect.taskId)).map((id) => weighTask(deps, id)));
    if (effect.type === 'trial_over')
      await breakers.happen(effect.kind, { type: `trial_${effect.outcome}`, taskId: effect.taskId });
    if (effect.type === 'quota_hit')
      await breakers.happen(effect.kind, {
        type: 'hit',
        id: effect.id,
        until: null,
        reason: '',
        taskId: effect.taskId,
      });
  };
  /** All that the commits have ordered, side by side and some of it twice, until nothing is left. */
  const settle = async (): Promise<void> => {
    for (;;) {
      const entries = await redis.xrange('{rh}:outbox', '-', '+');
      if (entries.length === 0) return;
      const effects = entries.map(([, fields]) => JSON.parse(fields[1] ?? '') as Effect);
      await Promise.all([...effects, ...effects.slice(0, 1)].map(execute));
      await redis.xdel('{rh}:outbox', ...entries.map(([id]) => id));
      await limitsHold();
    }
  };

  const limitsHold = async (): Promise<void> => {
    const tasks = await all();
    const placed = tasks.filter(holdsPlace);
    expect(await redis.scard('{rh}:places')).toBe(placed.length);
    if (maxRunning !== null) expect(placed.length).toBeLessThanOrEqual(maxRunning);
    for (const owner of owners) {
      const own = placed.filter(({ coordinatorId }) => coordinatorId === owner).length;
      const limit = limits.get(owner);
      if (limit !== undefined) {
        expect(own).toBeLessThanOrEqual(limit.allowed);
        // A lower limit ends nothing: those that were over it may go on, and no other takes their place.
        limits.set(owner, { ...limit, allowed: Math.max(limit.most, own) });
      }
      const counts = await admission.counts(owner);
      const inLine = tasks.filter((one) => one.coordinatorId === owner && heldBy(one) === 'turn').length;
      expect([...counts.inLine.values()].reduce((sum, count) => sum + count, 0)).toBe(inLine);
      expect(counts.remaining).toBe(tasks.filter((one) => one.coordinatorId === owner && !isSettled(one)).length);
    }
    // I12: nothing has begun that was not admitted.
    for (const one of tasks) if (one.sandboxes.length > 0) expect(one.admission.state).toBe('admitted');
  };

  /** I14: whoever waits has a reason to. */
  const nobodyForgotten = async (): Promise<void> => {
    const tasks = await all();
    const { standings, running, breakers: shut } = await admission.standings(owners);
    for (const one of tasks) {
      if (heldBy(one) === 'dependencies') {
        const waits = one.dependsOn.some(({ taskId, until }) => {
          const other = tasks.find(({ id }) => id === taskId);
          return other !== undefined && outcomeOf(other, until) === 'pending';
        });
        expect(waits).toBe(true);
      }
      if (heldBy(one) !== 'turn') continue;
      const standing = standings.get(one.coordinatorId);
      if (standing === undefined) throw new Error('an owner is gone');
      const full = standing.maxRunning !== null && standing.running >= standing.maxRunning;
      const houseFull = maxRunning !== null && running >= maxRunning;
      expect(standing.paused || full || houseFull || budgetSpent(standing) || shut.has(one.agent.kind)).toBe(true);
    }
  };

  const perform = async (one: Step): Promise<void> => {
    if (one.do === 'create') {
      const coordinatorId = owners[one.by] ?? '';
      const known = (await all()).filter((other) => other.coordinatorId === coordinatorId);
      const others = new Set(known.length === 0 ? [] : one.on.map((index) => known[index % known.length]?.id ?? ''));
      const dependsOn = [...others].map((taskId) => ({ taskId, until: 'landed' as const }));
      // Side by side, as calls come: only the commit can keep them within the limits.
      const creations = Array.from({ length: one.count }, async () => {
        const id = randomUUID();
        const wanted = sampleTask({
          id,
          coordinatorId,
          agent: one.command ? { kind: 'command', argv: ['x'], promptVia: 'file' } : { kind: 'scripted' },
          limits: { ...DEFAULT_LIMITS, attempts: 2 },
          promptId: randomUUID(),
          promptBytes: 1,
          priority: one.priority,
          dependsOn,
        });
        const dependencies = known.filter((other) => others.has(other.id));
        await commitNew(deps, wanted, { id: wanted.promptId, text: 'x' }, dependencies);
        ids.push(id);
      });
      await Promise.all(creations);
      return;
    }
    if (one.do === 'pause' || one.do === 'resume') {
      const paused = one.do === 'pause' ? { at: clock.now(), by: 'operator' as const } : null;
      await registry.changeCoordinator(owners[one.by] ?? '', (known) => ({ ...known, paused }));
      return;
    }
    if (one.do === 'limit') {
      const owner = owners[one.by] ?? '';
      await registry.changeCoordinator(owner, (known) => ({ ...known, maxRunning: one.most }));
      const own = (await all()).filter((other) => other.coordinatorId === owner && holdsPlace(other)).length;
      if (one.most === null) limits.delete(owner);
      else limits.set(owner, { most: one.most, allowed: Math.max(one.most, own) });
      return;
    }
    if (one.do === 'shut' || one.do === 'free') {
      const event = { type: 'hit', id: randomUUID(), until: Date.now() + 3_600_000, reason: '', taskId: null } as const;
      await breakers.happen('command', one.do === 'shut' ? event : { type: 'closed' });
      return;
    }
    if (!('task' in one)) return;
    // Of whom it can happen to, or hardly anything would.
    const known = await all();
    const fitting = known.filter((other) => FITS[one.do](other));
    const from = fitting.length > 0 ? fitting : known;
    const target = from[one.task % from.length];
    if (target === undefined) return;
    const { attempt } = target;
    const [commit, publishId] = ['b'.repeat(40), randomUUID()];
    const events = {
      run: [
        { type: 'claimed', attempt, baseCommit: 'a'.repeat(40) },
        { type: 'linked', attempt },
      ],
      exit: [{ type: 'agent_exited', attempt, code: 0, signal: null }],
      lose: [{ type: 'attempt_lost', attempt, reason: 'silent' }],
      signal: [
        { type: 'publish_requested', attempt, publishId, land: false, summary: null },
        { type: 'published', attempt, publishId, commit, dirty: [], untracked: [] },
      ],
      land: [
        { type: 'land_requested', commit, by: 'coordinator', message: null },
        { type: 'land_finished', result: { kind: 'landed', landedAs: commit, nothingToLand: false } },
      ],
      close: [{ type: 'close_requested', reason: 'asked' }],
      quota: [{ type: 'quota_reported', attempt, until: null, reason: 'spent' }],
    } as const;
    for (const event of events[one.do]) {
      await transition(deps, target.id, event).catch((error: unknown) => {
        if (!(error instanceof RoundhouseError)) throw error;
      });
    }
  };

  for (const one of steps) {
    await perform(one);
    await limitsHold();
    await settle();
    await nobodyForgotten();
  }
}

describe('random histories of admission', () => {
  it('AD-9: limits hold after every step, and nobody who has room is forgotten', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 10, maxLength: 30, size: 'max' }),
        fc.constantFrom(null, 2, 4),
        fc.tuple(most, most),
        (steps, maxRunning, limits) => {
          const first = limits.map((limit, by): Step => ({ do: 'limit', by, most: limit }));
          return play([...first, ...steps], maxRunning);
        },
      ),
      { numRuns: HISTORIES },
    );
  });
});
