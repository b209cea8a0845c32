import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ATTEMPT_QUEUE, type AttemptJob, KEY_PREFIX, attemptJobId } from '@roundhouse/contracts';
import { type RedisServer, startRedis } from '@roundhouse/host';
import { Queue, Worker } from 'bullmq';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Gate } from '../../handlers/gate.ts';
import { Slots } from '../../handlers/slots.ts';
import { eventually } from '../../testing/eventually.ts';
import { quietLog } from '../../testing/quiet-log.ts';
import { type Intake, type IntakeOptions, startIntake } from './attempt-intake.ts';
import { connectRedis } from './redis-connection.ts';

let folder: string;
let redis: RedisServer;
let queue: Queue;
let connection: ReturnType<typeof connectRedis>;
const intakes: Intake[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'launcher-intake-'));
  redis = await startRedis({ folder, log: quietLog });
  connection = connectRedis(redis.connection);
  connection.on('error', () => undefined);
  queue = new Queue(ATTEMPT_QUEUE, { connection, prefix: KEY_PREFIX });
  queue.on('error', () => undefined);
});
afterEach(async () => {
  await Promise.all(intakes.splice(0).map((intake) => intake.stop()));
  await queue.close();
  connection.disconnect();
  await redis.stop();
  await rm(folder, { recursive: true });
});

function open(
  handOver: IntakeOptions['handOver'],
  limits: { slots?: number; starts?: number } = {},
): { intake: Intake; slots: Slots } {
  const slots = new Slots(limits.slots ?? 10);
  const starts = new Gate(limits.starts ?? 4);
  const openings = { enter: async (signal: AbortSignal) => ({ decided: await starts.enter(signal) }) };
  const intake = startIntake({ redis: redis.connection, slots, openings, handOver, log: quietLog });
  intakes.push(intake);
  return { intake, slots };
}

async function add(count: number): Promise<AttemptJob[]> {
  const jobs = Array.from({ length: count }, () => ({ taskId: randomUUID(), attempt: 1 }));
  await queue.addBulk(jobs.map((data) => ({ name: 'attempt', data, opts: { jobId: attemptJobId(data) } })));
  return jobs;
}

const isEmpty = async (): Promise<boolean> =>
  Object.values(await queue.getJobCounts('wait', 'active', 'delayed', 'completed', 'failed', 'prioritized')).every(
    (count) => count === 0,
  );

describe('attempt intake', () => {
  it('L-4: takes an attempt only when there is a place for it', async () => {
    const taken: AttemptJob[] = [];
    const { slots } = open(
      (ref, place) => {
        place.assign(ref);
        taken.push(ref);
        return Promise.resolve('done');
      },
      { slots: 2 },
    );
    await add(5);
    await eventually(() => taken.length === 2, 'two are taken');
    // A third would come at once if it came: another job is only handed out when a place is free.
    await eventually(async () => (await queue.getJobCounts('active'))['active'] === 0, 'the two are handed over');
    expect(await queue.getWaitingCount()).toBe(3);
    slots.free(taken[0] as AttemptJob);
    await eventually(() => taken.length === 3, 'the free place is used');
    expect(await queue.getWaitingCount()).toBe(2);
  });

  it('L-4: a hundred at once are each handed over once, at most as many at a time as may start', async () => {
    const counts = new Map<string, number>();
    let now = 0;
    let most = 0;
    open(
      async ({ taskId }) => {
        counts.set(taskId, (counts.get(taskId) ?? 0) + 1);
        most = Math.max(most, (now += 1));
        await new Promise((resolve) => setTimeout(resolve, 5));
        now -= 1;
        return 'done';
      },
      { slots: 128, starts: 3 },
    );
    const jobs = await add(100);
    await eventually(isEmpty, 'all are taken');
    expect([...counts.keys()].sort()).toEqual(jobs.map(({ taskId }) => taskId).sort());
    expect([...counts.values()].every((count) => count === 1)).toBe(true);
    expect(most).toBeLessThanOrEqual(3);
    expect(most).toBeGreaterThan(1);
  });

  it('L-5: what cannot be handed over comes again, ever later, and is gone when it was', async () => {
    const times: number[] = [];
    open(
      (_, place) => {
        times.push(Date.now());
        place.cancel();
        return Promise.resolve(times.length < 4 ? 'later' : 'done');
      },
      { slots: 1 },
    );
    await add(1);
    await eventually(() => times.length === 4, 'the fourth try');
    await eventually(isEmpty, 'it is gone');
    const pauses = times.slice(1).map((time, index) => time - (times[index] as number));
    expect(pauses[0]).toBeGreaterThanOrEqual(200);
    expect(pauses[2]).toBeGreaterThanOrEqual(900);
  });

  it('L-5: an attempt whose launcher died in the hand-over is handed over again', async () => {
    const dead = new Worker(ATTEMPT_QUEUE, null, { connection, prefix: KEY_PREFIX, autorun: false, lockDuration: 500 });
    dead.on('error', () => undefined);
    const [job] = await add(1);
    expect((await dead.getNextJob('dead'))?.data).toEqual(job);
    await dead.close(true);
    const taken: AttemptJob[] = [];
    open((ref) => {
      taken.push(ref);
      return Promise.resolve('done');
    });
    await eventually(() => taken.length === 1, 'it comes again', 20_000);
    expect(taken).toEqual([job]);
    await eventually(isEmpty, 'it is gone');
  });

  it('L-5: works on after Redis was away', async () => {
    const taken: AttemptJob[] = [];
    open((ref, place) => {
      place.cancel();
      taken.push(ref);
      return Promise.resolve('done');
    });
    await add(1);
    await eventually(() => taken.length === 1, 'it works');
    process.kill(redis.pid, 'SIGKILL');
    await redis.ended;
    redis = await startRedis({ folder, log: quietLog });
    await add(1);
    await eventually(() => taken.length === 2, 'it works again', 20_000);
  });

  it('L-5: what is no attempt is dropped and stops nothing', async () => {
    const taken: AttemptJob[] = [];
    open(
      (ref, place) => {
        place.cancel();
        taken.push(ref);
        return Promise.resolve('done');
      },
      { slots: 1 },
    );
    await queue.add('attempt', { taskId: '../..', attempt: -1 });
    await add(1);
    await eventually(() => taken.length === 1, 'the good one');
    await eventually(isEmpty, 'both are gone');
  });

  it('L-10: stops at once while it waits, and after the hand-over that is under way', async () => {
    const idle = open(() => Promise.resolve('done'));
    await new Promise((resolve) => setTimeout(resolve, 200));
    const before = Date.now();
    await idle.intake.stop();
    expect(Date.now() - before).toBeLessThan(10_000);

    let release = (): void => undefined;
    let isDone = false;
    const busy = open(async () => {
      await new Promise<void>((resolve) => (release = resolve));
      isDone = true;
      return 'done';
    });
    await add(1);
    await eventually(async () => (await queue.getJobCounts('active'))['active'] === 1, 'it is under way');
    const stopped = busy.intake.stop();
    setTimeout(() => release(), 100);
    await stopped;
    expect(isDone).toBe(true);
    expect(await isEmpty()).toBe(true);
  });
});
