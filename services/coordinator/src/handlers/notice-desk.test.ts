import { randomUUID } from 'node:crypto';
import { type TestRedis, startTestRedis } from '@roundhouse/testkit';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRedisEventFeed } from '../adapters/redis/redis-event-feed.ts';
import { createRedisTaskStore } from '../adapters/redis/redis-task-store.ts';
import type { EventFeed } from '../ports/events.ts';
import type { Commit, TaskStore } from '../ports/tasks.ts';
import { queuedTask } from '../testing/queued-task.ts';
import type { Committing } from './commit-to-waiter.ts';
import { type Handed, type NoticeDesk, type Waiter, createNoticeDesk } from './notice-desk.ts';
import { noticeWork } from './take-notice.ts';
import { transition } from './transition.ts';

const WAITERS = 300;
const clock = { now: () => new Date().toISOString(), nextId: () => randomUUID() };
const log = pino({ level: 'silent' });
let server: TestRedis;
let redis: Redis;
let subscriber: Redis;
let store: TaskStore;
let feed: EventFeed;
let desk: NoticeDesk;
let looks = 0;
beforeAll(async () => {
  server = await startTestRedis();
  [redis, subscriber] = [new Redis(server.connection), new Redis(server.connection)];
  store = await createRedisTaskStore(redis);
  feed = await createRedisEventFeed(subscriber);
  const work = noticeWork({ store, clock, log });
  desk = createNoticeDesk(feed, {
    ...work,
    claim: (...args) => {
      looks += 1;
      return work.claim(...args);
    },
  });
});
afterAll(async () => {
  redis.disconnect();
  subscriber.disconnect();
  await server.stop();
});

async function runningTask(coordinatorId: string): Promise<string> {
  const promptId = randomUUID();
  const task = queuedTask({ id: randomUUID(), coordinatorId, promptId }, clock.now());
  await store.commit({ expected: 0, task, kinds: ['created'], effects: [], prompt: { id: promptId, text: 'hi' } });
  await transition({ store, clock }, task.id, { type: 'claimed', attempt: 1, baseCommit: 'a'.repeat(40) });
  await transition({ store, clock }, task.id, { type: 'linked', attempt: 1 });
  return task.id;
}

const box = async (coordinatorId: string): Promise<unknown[]> =>
  (await redis.hvals(`{rh}:coordinator:${coordinatorId}:box`)).map((text) => JSON.parse(text) as unknown);

async function signal(taskId: string, changed: Partial<Committing> = {}): Promise<void> {
  const deps = { store, clock, ...changed };
  const [publishId, attempt] = [randomUUID(), 1];
  const asked = { type: 'publish_requested', attempt, publishId, land: false, summary: null } as const;
  await transition(deps, taskId, asked);
  const commit = 'b'.repeat(40);
  await transition(deps, taskId, {
    type: 'published',
    attempt,
    publishId,
    commit,
    dirty: [],
    untracked: [],
  });
}

/** Every listener has heard what was published so far, and what that has begun is over. */
async function quiet(): Promise<void> {
  for (let round = 0; round < 5; round += 1) {
    await subscriber.ping();
    await redis.ping();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function sit(coordinatorId: string, gone = new AbortController()) {
  const undo: (() => Promise<void>)[] = [];
  const waiter: Waiter = { signal: gone.signal, onUndelivered: (step) => void undo.push(step) };
  return { gone, undo, answer: desk.wait(coordinatorId, waiter, 50_000) };
}

describe('the desk where waits stand', () => {
  it('MB-5: an event costs one look, however many wait, and a signal wakes the one that has waited longest', async () => {
    const owner = randomUUID();
    const [first, second] = [await runningTask(owner), await runningTask(owner)];
    const waits = Array.from({ length: WAITERS }, () => sit(owner));
    const answered: Handed[] = [];
    for (const { answer } of waits) void answer.then((handed) => (handed === null ? undefined : answered.push(handed)));
    await quiet();

    looks = 0;
    const activity = { state: 'busy', evidence: 'status', question: null, at: clock.now() } as const;
    await transition({ store, clock }, first, { type: 'activity_reported', attempt: 1, activity });
    await quiet();
    expect([answered, looks]).toEqual([[], 1]);

    await signal(first);
    expect(await waits[0]?.answer).toMatchObject({ kind: 'claimed', notice: { taskId: first }, remaining: 1 });
    await quiet();
    expect(answered).toHaveLength(1);
    // One for each event of the signal and of its delivery, and one more to see that nothing is left.
    expect(looks).toBeLessThanOrEqual(8);

    // The last end is news to all of them.
    await transition({ store, clock }, second, { type: 'agent_exited', attempt: 1, code: 0, signal: null });
    const all = await Promise.all(waits.map(({ answer }) => answer));
    expect(all.filter((handed) => handed?.kind === 'heard')).toHaveLength(WAITERS - 2);
    expect(looks).toBeLessThanOrEqual(16);
  });

  it('MB-5: whoever goes leaves no trace, and the next in line gets what comes', async () => {
    const owner = randomUUID();
    const task = await runningTask(owner);
    const waits = [sit(owner), sit(owner)];
    await quiet();
    waits[0]?.gone.abort();
    expect(await waits[0]?.answer).toBeNull();
    await signal(task);
    expect(await waits[1]?.answer).toMatchObject({ kind: 'claimed', notice: { taskId: task } });
    // What it could not be handed is pending again for who comes next.
    for (const step of waits[1]?.undo ?? []) await step();
    expect(await sit(owner).answer).toMatchObject({ kind: 'claimed', notice: { taskId: task }, redelivered: false });
  });

  it('MT-12: the commit that raises a notice gives it to the waiter, with one event and nothing read', async () => {
    const owner = randomUUID();
    const [task] = [await runningTask(owner), await runningTask(owner)];
    const waits = [sit(owner), sit(owner)];
    await quiet();
    const before = await store.read(task);
    await signal(task, { notices: desk });
    // Whoever is just looking because of the event before is passed over.
    const given = await Promise.race(waits.map((one, index) => one.answer.then((handed) => ({ handed, index }))));
    expect(given.handed).toMatchObject({ kind: 'claimed', notice: { taskId: task }, remaining: 1 });
    const after = await store.read(task);
    // One version for the question of the push, one for signal, notice and delivery.
    expect([after?.delivery.state, (after?.version ?? 0) - (before?.version ?? 0)]).toEqual(['delivered', 2]);
    const [entry] = await box(owner);
    expect(entry).toMatchObject({ kind: 'finished', told: 1 });
    await quiet();
    // What it could not be handed goes to the next one in line.
    for (const step of waits[given.index]?.undo ?? []) await step();
    expect(await waits[1 - given.index]?.answer).toMatchObject({
      kind: 'claimed',
      notice: { taskId: task },
      redelivered: false,
    });
  });

  it('MT-12: the waiter’s answer is on its way before whoever reported the push goes on', async () => {
    const owner = randomUUID();
    const [task] = [await runningTask(owner), await runningTask(owner)];
    const order: string[] = [];
    const answers = [sit(owner), sit(owner)].map(async ({ answer }) => {
      await answer;
      // An answer goes through many hands until it is written, all in the same turn of the loop.
      for (let hand = 0; hand < 100; hand += 1) await Promise.resolve();
      order.push('answered');
    });
    await quiet();
    await signal(task, { notices: desk });
    order.push('went on');
    await Promise.race(answers);
    expect(order).toEqual(['answered', 'went on']);
  });

  it('MT-12: a waiter that goes while it is given something leaves it to the next one', async () => {
    const owner = randomUUID();
    const [task] = [await runningTask(owner), await runningTask(owner)];
    const [leaving, staying] = [sit(owner), sit(owner)];
    await quiet();
    const gone = (commit: Commit): Promise<number | null> => {
      leaving.gone.abort();
      return store.commitAndCount(commit);
    };
    await signal(task, { notices: desk, store: { ...store, commitAndCount: gone } });
    expect(await leaving.answer).toBeNull();
    expect(leaving.undo).toEqual([]);
    expect(await staying.answer).toMatchObject({ kind: 'claimed', notice: { taskId: task }, redelivered: false });
  });

  it('MT-12: where the commit comes too late the waiter waits on', async () => {
    const owner = randomUUID();
    const [task] = [await runningTask(owner), await runningTask(owner)];
    const waiting = sit(owner);
    await quiet();
    let stale = 1;
    const late = {
      ...store,
      commitAndCount: async (commit: Commit) => (stale-- > 0 ? null : store.commitAndCount(commit)),
    };
    await signal(task, { notices: desk, store: late });
    expect(await waiting.answer).toMatchObject({ kind: 'claimed', notice: { taskId: task } });
    expect(stale).toBeLessThanOrEqual(0);
    expect((await store.read(task))?.delivery.state).toBe('delivered');
  });

  it('MB-5: a wait that may not wait looks all the same', async () => {
    const owner = randomUUID();
    const task = await runningTask(owner);
    await signal(task);
    const never = new AbortController().signal;
    const waiter: Waiter = { signal: never, onUndelivered: () => undefined };
    const both = await Promise.all([desk.wait(owner, waiter, 0), desk.wait(owner, waiter, 0)]);
    expect(both.map((handed) => handed?.kind).sort()).toEqual(['claimed', 'nothing_live']);
  });
});
