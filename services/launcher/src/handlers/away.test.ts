import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  ATTEMPT_QUEUE,
  type AttemptJob,
  KEY_PREFIX,
  LEASE,
  RoundhouseError,
  attemptJobId,
  sandboxName,
} from '@roundhouse/contracts';
import { type RedisServer, endProcessTree, startRedis } from '@roundhouse/host';
import { Queue } from 'bullmq';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AttemptsApi } from '../adapters/api/attempts-api.ts';
import { type Intake, startIntake } from '../adapters/bullmq/attempt-intake.ts';
import { connectRedis } from '../adapters/bullmq/redis-connection.ts';
import { CoordinatorDouble } from '../testing/coordinator-double.ts';
import { eventually } from '../testing/eventually.ts';
import { quietLog } from '../testing/quiet-log.ts';
import { RememberingLog } from '../testing/remembering-log.ts';
import { SwitchableSandboxes } from '../testing/switchable-sandboxes.ts';
import { Gate } from './gate.ts';
import { handOver } from './hand-over.ts';
import { HeldClaims } from './held-claims.ts';
import { Lanes } from './lanes.ts';
import { Openings } from './openings.ts';
import { Reconciler } from './reconcile.ts';
import { recoverSandboxes } from './recover-sandboxes.ts';
import { Slots } from './slots.ts';
import { WarmPool } from './warm-pool.ts';

const main = new URL('../../src/testing/tiny-runner.mjs', import.meta.url).pathname;

let folder: string;
let redis: RedisServer;
let queue: Queue;
let connection: ReturnType<typeof connectRedis>;
let coordinator: CoordinatorDouble;
let sandboxes: SwitchableSandboxes;
let log: RememberingLog;
let stopping: AbortController;
let intake: Intake | null = null;

const root = (): string => join(folder, 'sandboxes');

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'launcher-away-'));
  redis = await startRedis({ folder: join(folder, 'redis'), log: quietLog });
  connection = connectRedis(redis.connection);
  queue = new Queue(ATTEMPT_QUEUE, { connection, prefix: KEY_PREFIX });
  coordinator = new CoordinatorDouble();
  await coordinator.start();
  sandboxes = new SwitchableSandboxes({
    root: root(),
    coordinatorUrl: coordinator.url,
    mcpUrl: 'http://127.0.0.1:2/mcp',
    runner: { main, environment: { PATH: '/usr/bin:/bin' } },
  });
  log = new RememberingLog();
  stopping = new AbortController();
});
afterEach(async () => {
  stopping.abort();
  await intake?.stop();
  intake = null;
  await sandboxes.close();
  await endProcessTree({ mark: '-', folder: root() }, { graceMs: 0, killMs: 5_000 });
  await queue.close();
  connection.disconnect();
  await coordinator.stop();
  await redis.stop();
  await rm(folder, { recursive: true });
});

/** A launcher without its process: what app.ts joins, with sandboxes that can go away. */
function launch(): { reconciler: Reconciler; held: HeldClaims; slots: Slots; begun: Promise<boolean> } {
  const { signal } = stopping;
  const attempts = new AttemptsApi({ baseUrl: coordinator.url, token: 'launcher-secret' });
  const slots = new Slots(4);
  const starts = new Gate(2);
  const held = new HeldClaims({ attempts, log });
  const openings = new Openings({
    isReady: () => sandboxes.readiness().ready,
    starts: () => starts.free,
    warm: () => 0,
  });
  sandboxes.onReadiness(() => openings.poke());
  const pool = new WarmPool({ sandboxes, starts, slots, min: 0, max: 0, ready: () => undefined, log });
  const parts = {
    sandboxes,
    attempts,
    lanes: new Lanes(),
    slots,
    destroys: new Gate(4),
    held,
    starts,
    pool,
    agentEnvironment: () => Promise.resolve({}),
    log,
    signal,
  };
  const begun = recoverSandboxes({ ...parts, away: () => undefined }).then((isRecovered) => {
    intake = startIntake({
      redis: redis.connection,
      slots,
      openings,
      log,
      handOver: (ref, place, opening) => handOver(ref, place, opening, parts),
    });
    return isRecovered;
  });
  return { reconciler: new Reconciler(parts), held, slots, begun };
}

async function add(): Promise<AttemptJob> {
  const job = { taskId: randomUUID(), attempt: 1 };
  await queue.add('attempt', job, { jobId: attemptJobId(job) });
  return job;
}
const isUp = ({ taskId, attempt }: AttemptJob): Promise<string> =>
  eventually(
    () => readFile(join(root(), sandboxName(taskId, attempt), 'up'), 'utf8').catch(() => null),
    'its runner is up',
    20_000,
  );
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('while sandboxes are away', () => {
  it('L-13: attempts wait in the queue unclaimed, and start when they are back', async () => {
    await launch().begun;
    sandboxes.switchTo(false);
    const jobs = [await add(), await add()];
    await pause(2_500);
    expect(coordinator.toldOf('claimAttempt')).toEqual([]);
    expect((await queue.getWaitingCount()) + (await queue.getDelayedCount())).toBe(2);
    sandboxes.switchTo(true);
    await Promise.all(jobs.map(isUp));
    expect(coordinator.toldOf('reportGone')).toEqual([]);
  });

  it('L-13: one that was claimed when they went is not reported, is claimed again in time, and starts', async () => {
    const { reconciler, held, slots } = launch();
    await eventually(() => intake, 'it has begun');
    sandboxes.failNextStart = true;
    const job = await add();
    await eventually(() => held.has(job), 'its start failed');
    expect(slots.held).toBe(0);
    const claims = (): number => coordinator.toldOf('claimAttempt').length;
    const now = Date.now();
    await held.renew(now + LEASE.startTtlMs / 3 - 5_000, stopping.signal);
    expect(claims()).toBe(1);
    await held.renew(now + LEASE.startTtlMs / 3 + 5_000, stopping.signal);
    expect(claims()).toBe(2);
    await reconciler.round();
    expect(coordinator.toldOf('reportGone')).toEqual([]);
    sandboxes.switchTo(true);
    await isUp(job);
    await eventually(() => !held.has(job), 'it is held no longer');
    expect(coordinator.toldOf('reportGone')).toEqual([]);
    expect(log.count('sandboxes are away; the attempt goes back')).toBe(1);
  });

  it('L-13: a claim that is held ends when the attempt is not wanted any more', async () => {
    const { held } = launch();
    const job = { taskId: randomUUID(), attempt: 1 };
    held.hold(job, 0);
    coordinator.claim = () => {
      throw new Error('a fault of its own');
    };
    await held.renew(LEASE.startTtlMs, stopping.signal);
    expect(held.has(job)).toBe(true);
    coordinator.claim = () => {
      throw new RoundhouseError('attempt_stale', 'another has it');
    };
    await held.renew(LEASE.startTtlMs, stopping.signal);
    expect(held.has(job)).toBe(false);
  });

  it('L-14: nothing is reported gone or touched, and it is said once', async () => {
    const { reconciler, begun } = launch();
    await begun;
    const job = await add();
    const pid = Number(await isUp(job));
    sandboxes.switchTo(false);
    process.kill(pid, 'SIGKILL');
    coordinator.want = 'destroy';
    for (let round = 0; round < 3; round += 1) await reconciler.round();
    expect(coordinator.toldOf('reportGone')).toEqual([]);
    expect(log.count('sandboxes cannot be seen')).toBe(1);
    sandboxes.switchTo(true);
    // Its start may still be under way, and then a round leaves it to the next one.
    await eventually(async () => {
      await reconciler.round();
      return coordinator.toldOf('reportGone').length === 1;
    }, 'now it is reported');
    expect(coordinator.toldOf('reportGone')[0]).toMatchObject({ taskId: job.taskId, limit: null });
    expect(log.count('sandboxes can be seen again')).toBe(1);
  });

  it('L-14: a launcher that starts meanwhile waits for them before it takes anything', async () => {
    sandboxes.switchTo(false);
    const { begun } = launch();
    const job = await add();
    await pause(500);
    expect(intake).toBeNull();
    sandboxes.switchTo(true);
    expect(await begun).toBe(true);
    await isUp(job);
  });
});
