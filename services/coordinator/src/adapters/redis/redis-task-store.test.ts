import { randomUUID } from 'node:crypto';
import { DEFAULT_LIMITS } from '@roundhouse/contracts';
import { type TestRedis, startTestRedis } from '@roundhouse/testkit';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { transition } from '../../handlers/transition.ts';
import { queuedTask } from '../../testing/queued-task.ts';
import type { TaskStore } from '../../ports/tasks.ts';
import { KEYS } from './keys.ts';
import { REDELIVER_AFTER_MS, createRedisTaskStore } from './redis-task-store.ts';

let server: TestRedis;
let redis: Redis;
let store: TaskStore;
beforeAll(async () => {
  server = await startTestRedis();
  redis = new Redis(server.connection);
  store = await createRedisTaskStore(redis);
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

const clock = { now: () => new Date().toISOString(), nextId: () => randomUUID() };

async function created(coordinatorId = randomUUID()) {
  const promptId = randomUUID();
  const limits = { ...DEFAULT_LIMITS, wallClockSeconds: 60 };
  const task = queuedTask({ id: randomUUID(), coordinatorId, promptId, limits }, clock.now());
  const effects = [{ type: 'enqueue', taskId: task.id, attempt: 1 } as const];
  expect(
    await store.commit({ expected: 0, task, kinds: ['created'], effects, prompt: { id: promptId, text: 'hi' } }),
  ).toBe(true);
  return task;
}

describe('the task store', () => {
  it('TL-16: a record is read once for all who hear of a change, and anew as soon as another text is stored', async () => {
    const { id } = await created();
    const [first, again] = [await store.read(id), await store.read(id)];
    expect(again).toBe(first);
    // By whoever wrote it: another process, or an earlier version with fewer fields.
    const stored = JSON.parse((await redis.hget(KEYS.task(id), 'data')) ?? '') as Record<string, unknown>;
    delete stored['inputs'];
    await redis.hset(KEYS.task(id), 'data', JSON.stringify({ ...stored, name: 'other' }));
    expect(await store.read(id)).toEqual({ ...first, name: 'other' });
    await redis.hset(KEYS.task(id), 'data', '{}');
    await expect(store.read(id)).rejects.toThrow();
  });

  it('TL-1: of two commits upon one version one is stored, with one event and its effects', async () => {
    const task = await created();
    const next = (name: string) => ({
      expected: 1,
      task: { ...task, name, version: 2 },
      kinds: ['activity' as const],
      effects: [],
    });
    const results = await Promise.all([store.commit(next('one')), store.commit(next('other'))]);
    expect(results.sort()).toEqual([false, true]);
    expect((await store.read(task.id))?.version).toBe(2);
    expect(await redis.xlen(`{rh}:coordinator:${task.coordinatorId}:events`)).toBe(2);
    expect(await store.commit({ expected: 0, task, kinds: [], effects: [] })).toBe(false);
    expect(await store.promptTexts(task.id, [task.prompts[0]?.id ?? ''])).toEqual(['hi']);
  });

  it('TL-1: many writers of one task all get their turn', async () => {
    const task = await created();
    const prompt = (index: number) => ({ type: 'prompt_requested', promptId: randomUUID(), bytes: index }) as const;
    await Promise.all(Array.from({ length: 25 }, (_, index) => transition({ store, clock }, task.id, prompt(index))));
    const stored = await store.read(task.id);
    expect(stored?.promptsTotal).toBe(26);
    expect(new Set(stored?.prompts.map(({ ordinal }) => ordinal)).size).toBe(26);
  });

  it('TL-4: a lease is of the live attempt alone', async () => {
    const task = await created();
    expect(await store.renewLease(task.id, 1, 1_000)).toBe(false);
    await transition({ store, clock }, task.id, { type: 'claimed', attempt: 1, baseCommit: 'a'.repeat(40) });
    expect(await store.renewLease(task.id, 2, 1_000)).toBe(false);
    expect(await store.expiredLeases(10)).not.toContain(task.id);
    expect(await store.renewLease(task.id, 1, 0)).toBe(true);
    expect(await store.expiredLeases(10)).toContain(task.id);
    await transition({ store, clock }, task.id, { type: 'attempt_lost', attempt: 1, reason: 'silent' });
    expect(await store.expiredLeases(10)).not.toContain(task.id);
    expect(await store.renewLease(task.id, 1, 1_000)).toBe(false);
  });

  it('LM-4: a deadline is of the running attempt alone, in the same step as its record', async () => {
    const task = await created();
    const on = (event: Parameters<typeof transition>[2]) => transition({ store, clock }, task.id, event);
    const overdueIn = async (seconds: number) => store.overdue(Date.now() + seconds * 1_000, 100);
    await on({ type: 'claimed', attempt: 1, baseCommit: 'a'.repeat(40) });
    expect(await overdueIn(120)).not.toContain(task.id);
    const { deadline } = await on({ type: 'linked', attempt: 1 });
    expect(Date.parse(deadline ?? '') - Date.now()).toBeGreaterThan(50_000);
    expect(await overdueIn(50)).not.toContain(task.id);
    expect(await overdueIn(61)).toContain(task.id);
    expect((await on({ type: 'linked', attempt: 1 })).deadline).toBe(deadline);
    expect((await on({ type: 'attempt_lost', attempt: 1, reason: 'silent' })).deadline).toBeNull();
    expect(await overdueIn(120)).not.toContain(task.id);
    await on({ type: 'claimed', attempt: 2, baseCommit: 'a'.repeat(40) });
    await on({ type: 'linked', attempt: 2 });
    expect(await overdueIn(61)).toContain(task.id);
    await on({ type: 'agent_exited', attempt: 2, code: 0, signal: null });
    expect(await overdueIn(120)).not.toContain(task.id);
  });

  it('LM-2: a record from before there were limits is read, with the defaults', async () => {
    const task = await created();
    const { image: _image, deadline: _deadline, ...old } = task;
    const data = JSON.stringify({ ...old, limits: { attempts: 2 } });
    await redis.hset(`{rh}:task:${task.id}`, 'data', data);
    expect(await store.read(task.id)).toEqual({
      ...task,
      image: null,
      deadline: null,
      limits: { ...DEFAULT_LIMITS, attempts: 2 },
    });
    const claimed = await transition({ store, clock }, task.id, {
      type: 'claimed',
      attempt: 1,
      baseCommit: 'a'.repeat(40),
    });
    expect(claimed).toMatchObject({ lifecycle: { state: 'starting' }, version: 2 });
  });

  it('ID-1: lists are by coordinator, newest first, and pages neither skip nor repeat', async () => {
    const coordinatorId = randomUUID();
    const ids = [];
    for (let index = 0; index < 7; index += 1) ids.push((await created(coordinatorId)).id);
    await created();
    const seen: string[] = [];
    let before: string | null = null;
    do {
      const page: Awaited<ReturnType<TaskStore['list']>> = await store.list(coordinatorId, before, 3);
      if (page === null) throw new Error('the anchor is not there');
      seen.push(...page.tasks.map(({ id }) => id));
      before = page.next;
    } while (before !== null);
    expect(seen).toHaveLength(7);
    expect(new Set(seen)).toEqual(new Set(ids));
    expect(await store.remaining(coordinatorId)).toBe(7);
  });

  it('MB-4: a notice is handed out by the store’s clock, whatever the clocks of processes say', async () => {
    const { id, coordinatorId } = await created();
    const off = (ms: number) => ({ ...clock, now: () => new Date(Date.now() + ms).toISOString() });
    const hour = 3_600_000;
    const claim = { type: 'claimed', attempt: 1, baseCommit: 'a'.repeat(40) } as const;
    await transition({ store, clock }, id, claim);
    // By a process whose clock is an hour ahead.
    const failed = { type: 'attempt_failed', attempt: 1, reason: 'no' } as const;
    const { delivery } = await transition({ store, clock: off(hour) }, id, failed);
    const noticeId = delivery.state === 'none' ? '' : delivery.notice.id;
    expect((await store.nextNotice(coordinatorId)).task?.id).toBe(id);
    await transition({ store, clock: off(hour) }, id, { type: 'notice_delivered', noticeId });
    expect((await store.nextNotice(coordinatorId)).task).toBeNull();
    const key = `{rh}:coordinator:${coordinatorId}:notices`;
    const again = Number(await redis.zscore(key, id));
    expect(Math.abs(again - Date.now() - REDELIVER_AFTER_MS)).toBeLessThan(60_000);
    // What else becomes of the task does not put it off.
    await transition({ store, clock }, id, { type: 'sandbox_gone', attempt: 1, kept: null, limit: null, reason: null });
    expect(Number(await redis.zscore(key, id))).toBe(again);
  });
});
