import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SandboxProfile } from '@roundhouse/contracts';
import { endProcessTree, findProcesses } from '@roundhouse/host';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ProcessSandboxes } from '../adapters/process/process-sandbox.ts';
import { CALM_AFTER_MS } from '../domain/calm.ts';
import { stateOf } from '../launcher-state.ts';
import { PROFILE } from '../testing/coordinator-double.ts';
import { eventually } from '../testing/eventually.ts';
import { RememberingLog } from '../testing/remembering-log.ts';
import { newOrder } from '../testing/sandboxes-suite.ts';
import { SwitchableSandboxes } from '../testing/switchable-sandboxes.ts';
import { Gate } from './gate.ts';
import { Slots } from './slots.ts';
import { startSandbox } from './start-sandbox.ts';
import { WarmPool } from './warm-pool.ts';

const main = new URL('../../src/testing/tiny-runner.mjs', import.meta.url).pathname;
const OTHER: SandboxProfile = { ...PROFILE, projectId: randomUUID() };
const never = new AbortController().signal;

let root: string;
let sandboxes: SwitchableSandboxes;
let slots: Slots;
let starts: Gate;
let log: RememberingLog;
const pools: WarmPool[] = [];

const options = (): ConstructorParameters<typeof ProcessSandboxes>[0] => ({
  root,
  coordinatorUrl: 'http://127.0.0.1:1',
  mcpUrl: 'http://127.0.0.1:2/mcp',
  runner: { main, environment: { PATH: '/usr/bin:/bin' } },
});
function open(min: number, max: number, limit = 10): WarmPool {
  slots = new Slots(limit);
  starts = new Gate(1);
  const pool = new WarmPool({ sandboxes, starts, slots, min, max, log, ready: () => undefined });
  pools.push(pool);
  return pool;
}
const has = (pool: WarmPool, count: number): Promise<true> =>
  eventually(() => (pool.readyCount === count && pool.size === count) || null, `there are ${count}`, 20_000);
const ref = (): { taskId: string; attempt: number } => ({ taskId: randomUUID(), attempt: 1 });

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'launcher-pool-'));
  sandboxes = new SwitchableSandboxes(options());
  await sandboxes.recover();
  log = new RememberingLog();
});
afterEach(async () => {
  for (const pool of pools.splice(0)) await pool.stop({ end: true });
  await sandboxes.close();
  await endProcessTree({ mark: '-', folder: root }, { graceMs: 0, killMs: 5_000 });
  await rm(root, { recursive: true });
});

describe('warm pool', () => {
  it('WP-2: has its minimum, gives the oldest that fits, and is filled again', async () => {
    const pool = open(2, 4);
    pool.want([PROFILE]);
    await has(pool, 2);
    const [oldest] = (await sandboxes.listWarm()).sort((one, other) => one.createdAtMs - other.createdAtMs);
    expect(pool.take(OTHER)).toBeNull();
    expect(pool.take({ ...PROFILE, limits: { ...PROFILE.limits, memoryMb: 64 } })).toBeNull();
    expect(pool.take({ ...PROFILE, image: 'debian:bookworm-slim' })).toBeNull();
    expect(pool.take(PROFILE)).toBe(oldest?.warmId);
    pool.poke();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(pool.size).toBe(1);
    pool.handedOver('taken');
    await has(pool, 2);
    await sandboxes.endWarm(oldest?.warmId ?? '');
  });

  it('WP-2: one that is just starting is given when it is ready, and to nobody else', async () => {
    const pool = open(1, 1);
    pool.want([PROFILE]);
    await eventually(() => pool.size === 1 || null, 'one is starting');
    const state = stateOf('process', { sandboxes, worktrees: 'checkout', note: null, slots, pool });
    expect(state().warm).toBe(0);
    expect(pool.take(PROFILE)).toBeNull();
    expect(pool.takeStarting(OTHER)).toBeNull();
    const coming = pool.takeStarting(PROFILE);
    expect(pool.takeStarting(PROFILE)).toBeNull();
    const warmId = (await coming) ?? '';
    expect(pool.readyCount).toBe(0);
    expect(await sandboxes.assign(warmId, newOrder('plain'), never)).toBe('taken');
    pool.handedOver('taken');
    await has(pool, 1);
    expect(state().warm).toBe(1);
  });

  it('WP-2: an attempt that finds none ready is handed to the one that is starting, and none is started for it', async () => {
    const pool = open(1, 1);
    pool.want([PROFILE]);
    await eventually(() => pool.size === 1 || null, 'one is starting');
    const parts = { sandboxes, pool, starts, log, signal: never };
    expect(await startSandbox(newOrder('plain'), { decided: () => undefined }, parts)).toBe('warm');
  });

  it('WP-3: after a hand-over none is started until it is calm', async () => {
    const pool = open(1, 1);
    pool.want([PROFILE]);
    await has(pool, 1);
    const warmId = pool.take(PROFILE) ?? '';
    await sandboxes.endWarm(warmId);
    const handedOverAt = Date.now();
    pool.handedOver('taken');
    pool.poke();
    await has(pool, 1);
    const [next] = await sandboxes.listWarm();
    expect(next?.createdAtMs).toBeGreaterThanOrEqual(handedOverAt + CALM_AFTER_MS);
  });

  it('WP-2: who waits for one that does not get ready is told, and the pool goes on', async () => {
    const pool = open(1, 1);
    sandboxes.failNextWarm = true;
    pool.want([PROFILE]);
    await eventually(() => pool.size === 1 || null, 'one is starting');
    expect(await pool.takeStarting(PROFILE)).toBeNull();
    await has(pool, 1);
  });

  it('WP-1: grows with a burst, to the maximum and no further', async () => {
    const pool = open(0, 3);
    pool.want([PROFILE]);
    expect(pool.take(PROFILE)).toBeNull();
    expect(pool.take(PROFILE)).toBeNull();
    await has(pool, 2);
    for (let count = 0; count < 3; count += 1) pool.take(OTHER);
    pool.want([PROFILE, OTHER]);
    await has(pool, 3);
  });

  it('WP-3: starts one at a time, and only when no attempt waits for its turn', async () => {
    const pool = open(2, 2);
    const leave = await starts.enter();
    pool.want([PROFILE]);
    await eventually(() => log.count('') === 0, 'it waits');
    const order: string[] = [];
    const cold = starts.enter().then((out) => {
      order.push(`cold with ${pool.size} warm`);
      out();
    });
    leave();
    await cold;
    expect(order).toEqual(['cold with 0 warm']);
    await has(pool, 2);
    const times = (await sandboxes.listWarm()).map(({ createdAtMs }) => createdAtMs);
    expect(new Set(times).size).toBe(2);
  });

  it('WP-5: has only places that no attempt has, and gives way to one that needs it', async () => {
    const pool = open(2, 2, 2);
    pool.want([PROFILE, OTHER]);
    await has(pool, 2);
    slots.hold(ref());
    await pool.giveWay();
    expect(pool.size).toBe(1);
    expect(pool.take(OTHER)).toBeNull();
    slots.hold(ref());
    await pool.giveWay();
    expect(pool.size).toBe(0);
    expect(await sandboxes.listWarm()).toEqual([]);
  });

  it('WP-4: one whose runner has died is ended and replaced', async () => {
    const pool = open(1, 1);
    pool.want([PROFILE]);
    await has(pool, 1);
    const [first] = await sandboxes.listWarm();
    const [pid] = await findProcesses({ mark: `warm-${first?.warmId}` });
    process.kill(pid as number, 'SIGKILL');
    await eventually(async () => (await sandboxes.listWarm()).every(({ isReady }) => !isReady), 'it is dead');
    pool.poke();
    await eventually(async () => {
      const [now] = await sandboxes.listWarm();
      return now !== undefined && now.warmId !== first?.warmId && now.isReady;
    }, 'there is another');
  });

  it('WP-4: those that are too old, or that nobody wants any more, are ended', async () => {
    const pool = open(1, 1);
    const warmId = randomUUID();
    await sandboxes.startWarm({ warmId, profile: PROFILE }, never);
    pool.adopt({ warmId, profile: PROFILE, isReady: true, createdAtMs: Date.now() - 3_700_000 });
    pool.want([PROFILE]);
    await eventually(async () => {
      const ids = (await sandboxes.listWarm()).map((view) => view.warmId);
      return ids.length === 1 && ids[0] !== warmId;
    }, 'the old one is replaced');
    pool.want([]);
    await has(pool, 0);
    expect(await sandboxes.listWarm()).toEqual([]);
  });

  it('WP-6: a profile whose sandboxes cannot start is tried ever more rarely and keeps no other from its own', async () => {
    const pool = open(2, 2);
    pool.want([{ ...OTHER, image: 'debian:bookworm-slim' }, PROFILE]);
    await has(pool, 2);
    const tried = log.lines.filter(({ message }) => message === 'a warm sandbox could not be started');
    expect(tried.length).toBeGreaterThan(0);
    expect(tried.length).toBeLessThan(6);
    expect(pool.take(PROFILE)).not.toBeNull();
    pool.handedOver('taken');
    await eventually(() => pool.readyCount >= 1, 'it is filled again');
    await endProcessTree({ mark: '-', folder: root }, { graceMs: 0, killMs: 5_000 });
  });

  it('WP-6: one that cannot start is no reason to end those of its profile that live', async () => {
    const pool = open(2, 2);
    pool.want([PROFILE]);
    await eventually(() => pool.readyCount === 1, 'the first is ready');
    const [first] = await sandboxes.listWarm();
    sandboxes.failNextWarm = true;
    await eventually(() => log.count('could not be started') === 1, 'the second fails');
    const looks = sandboxes.looks;
    pool.poke();
    await eventually(() => sandboxes.looks > looks, 'it has looked again');
    await has(pool, 2);
    expect((await sandboxes.listWarm()).map(({ warmId }) => warmId)).toContain(first?.warmId);
  });

  it('WP-6: while sandboxes are away none is tried, and being back wakes it', async () => {
    sandboxes.switchTo(false);
    const pool = open(1, 1);
    pool.want([PROFILE]);
    sandboxes.onReadiness(() => pool.poke());
    sandboxes.switchTo(true);
    await has(pool, 1);
    expect(log.count('could not')).toBe(0);
  });

  it('WP-7: its end leaves none, also not one that is just starting', async () => {
    const pool = open(3, 3);
    pool.want([PROFILE]);
    await eventually(() => pool.size === 2, 'the second is starting');
    await pool.stop({ end: true });
    expect(await sandboxes.listWarm()).toEqual([]);
    expect(await findProcesses({ mark: '-', folder: root })).toEqual([]);
  });

  it('WP-7: none that an earlier launcher left is ended before it is known what is wanted', async () => {
    const first = open(1, 1);
    first.want([PROFILE]);
    await has(first, 1);
    await first.stop({ end: false });
    const [view] = await sandboxes.listWarm();
    if (view === undefined) throw new Error('there is none');
    const next = open(1, 1);
    const looks = sandboxes.looks;
    next.adopt(view);
    await eventually(() => sandboxes.looks > looks, 'it has looked at them');
    next.want([PROFILE]);
    await eventually(() => sandboxes.looks > looks + 1, 'it has looked again');
    expect(next.take(PROFILE)).toBe(view.warmId);
    next.handedOver('taken');
    await sandboxes.endWarm(view.warmId);
  });

  it('WP-7: left alone they wait on, for the next launcher', async () => {
    const pool = open(1, 1);
    pool.want([PROFILE]);
    await has(pool, 1);
    await pool.stop({ end: false });
    const [view] = await sandboxes.listWarm();
    await sandboxes.close();
    const next = new ProcessSandboxes(options());
    await next.recover();
    expect(await next.listWarm()).toEqual([view]);
    expect(await next.assign(view?.warmId ?? '', newOrder('plain'), never)).toBe('taken');
    await next.close();
  });
});
