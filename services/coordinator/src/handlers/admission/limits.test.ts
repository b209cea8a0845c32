import { DEFAULT_LIMITS, type Task } from '@roundhouse/contracts';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { waitFor } from '../../testing/eventually.ts';
import { PlayedRunner } from '../../testing/played-runner.ts';
import { type Owner, type StartedCoordinator, startedCoordinator } from '../../testing/started-coordinator.ts';

let service: StartedCoordinator;
let redis: Redis;
let owner: Owner;
beforeAll(async () => {
  service = await startedCoordinator();
  redis = new Redis(service.redis.connection);
});
afterAll(async () => {
  redis.disconnect();
  await service.stop();
});
beforeEach(async () => {
  owner = await service.newOwner();
});
const runners: PlayedRunner[] = [];
afterEach(async () => {
  await Promise.all(runners.splice(0).map((runner) => runner.hangUp()));
});

const create = (name: string, more: object = {}, by = owner) =>
  by.client.call('createTask', { name, prompt: 'x', ...more });
const set = (changes: object, by = owner) => service.operator.call('updateCoordinator', { id: by.id, ...changes });
const standing = (by = owner) => by.client.call('getCoordinator', {});
const admissionOf = async ({ id }: Pick<Task, 'id'>, by = owner) => (await by.client.call('getTask', { id })).admission;
const isAdmitted = (task: Pick<Task, 'id'>, by = owner) =>
  waitFor('an admission', async () => (await admissionOf(task, by)).state === 'admitted');
const start = async (task: Pick<Task, 'id'>, attempt = 1): Promise<PlayedRunner> => {
  const runner = await PlayedRunner.start(service, task.id, attempt);
  runners.push(runner);
  return runner;
};
const exit = async (task: Pick<Task, 'id'>): Promise<void> => {
  const runner = await start(task);
  await runner.report({ type: 'agent_exited', code: 0, signal: null });
};
const enqueued = async (): Promise<string[]> =>
  (await redis.lrange('{rh}:attempts:wait', 0, -1)).map((job) => job.slice(0, 36));

describe('admission', () => {
  it('AD-1: a task that nothing keeps is created as admitted, and is in the queue', async () => {
    const task = await create('free');
    expect(task).toMatchObject({ priority: 5, dependsOn: [], onDependencyFailure: 'fail', resultSchema: null });
    expect(task.admission).toEqual({ state: 'admitted', at: task.createdAt });
    expect(task.version).toBe(1);
    await waitFor('its job', async () => (await enqueued()).includes(task.id));
    expect((await standing()).tasks).toMatchObject({ created: 1, running: 1, queued: 0, remaining: 1, settled: 0 });
  });

  it('AD-2: a held task is nowhere in the queue, cannot be claimed, and says why wherever it is shown', async () => {
    await set({ maxRunning: 1 });
    const first = await create('first');
    const second = await create('second');
    expect(first.admission.state).toBe('admitted');
    const reason = 'its coordinator has 1 running of 1 that may';
    expect(second.admission).toEqual({ state: 'held', why: 'concurrency', reason, until: null });
    expect(second).toMatchObject({ lifecycle: { state: 'queued' }, settled: false, attention: `held: ${reason}` });
    const { tasks, remaining } = await owner.client.call('listTasks', {});
    expect(tasks.find(({ id }) => id === second.id)).toEqual(second);
    expect(remaining).toBe(2);
    const claim = service.launcher.call('claimAttempt', { taskId: second.id, attempt: 1 });
    await expect(claim).rejects.toMatchObject({ code: 'attempt_stale' });
    await waitFor('the other’s job', async () => (await enqueued()).includes(first.id));
    expect(await enqueued()).not.toContain(second.id);
    expect((await standing()).tasks).toMatchObject({ running: 1, queued: 1, held: { concurrency: 1, paused: 0 } });
  });

  it('AD-3: closing a held task ends it at once, and it is never admitted', async () => {
    await set({ maxRunning: 1 });
    const first = await create('first');
    const second = await create('second');
    expect(await owner.client.call('closeTask', { id: second.id })).toMatchObject({
      outcome: 'closed',
      task: { lifecycle: { end: { kind: 'cancelled' } } },
    });
    const third = await create('third');
    await exit(first);
    await isAdmitted(third);
    expect((await admissionOf(second)).state).toBe('held');
    expect(await enqueued()).not.toContain(second.id);
    expect((await standing()).tasks).toMatchObject({ running: 1, queued: 0 });
  });

  it('AD-4: records of tasks and coordinators from before are read, and go on as ever', async () => {
    const task = await create('old');
    const strip = async (key: string, field: string, names: readonly string[]): Promise<void> => {
      const stored = JSON.parse((await redis.hget(key, field)) ?? '{}') as Record<string, unknown>;
      const old = Object.entries(stored).filter(([name]) => !names.includes(name));
      await redis.hset(key, field, JSON.stringify(Object.fromEntries(old)));
    };
    const fields = ['priority', 'dependsOn', 'onDependencyFailure', 'resultSchema', 'admission'];
    await strip(`{rh}:task:${task.id}`, 'data', fields);
    await strip('{rh}:coordinators', owner.id, ['maxRunning', 'paused', 'budget']);
    const admission = { state: 'admitted', at: null };
    expect(await owner.client.call('getTask', { id: task.id })).toEqual({ ...task, admission });
    const budget = { tasks: null, wallClockSeconds: null };
    expect((await standing()).coordinator).toMatchObject({ maxRunning: null, paused: null, budget });
    await exit(task);
    expect((await create('new')).admission.state).toBe('admitted');
    expect((await standing()).tasks).toMatchObject({ created: 2, running: 1, settled: 1 });
  });

  it('AD-5: of many at once no more have a place than may, and each end lets in another', async () => {
    const most = 3;
    await set({ maxRunning: most });
    const peak = new Set<number>();
    const look = async (): Promise<void> => void peak.add((await standing()).tasks.running);
    const tasks = await Promise.all(Array.from({ length: 20 }, (_, index) => create(`task ${index}`)));
    await look();
    expect(tasks.filter(({ admission }) => admission.state === 'admitted').length).toBeLessThanOrEqual(most);
    const ended = new Set<string>();
    while (ended.size < tasks.length) {
      const admitted = await waitFor('somebody admitted', async () => {
        const page = (await owner.client.call('listTasks', {})).tasks;
        const now = page.filter(({ id, admission }) => admission.state === 'admitted' && !ended.has(id));
        return now.length > 0 ? now : null;
      });
      expect(admitted.length).toBeLessThanOrEqual(most);
      await Promise.all(admitted.map(exit));
      for (const { id } of admitted) ended.add(id);
      await look();
    }
    expect(Math.max(...peak)).toBe(most);
    expect((await standing()).tasks).toMatchObject({ running: 0, queued: 0, settled: 20 });
  });

  it('AD-6: who has signalled, and who is repeated, keeps its place', async () => {
    await set({ maxRunning: 2 });
    const [first, second] = [await create('first'), await create('second', { limits: { attempts: 2 } })];
    const third = await create('third');
    const runner = await start(first);
    const { subtaskToken, doneToken } = runner.assignment;
    const { ApiClient } = await import('@roundhouse/contracts');
    const subtask = new ApiClient({ baseUrl: service.url, token: subtaskToken, doneToken });
    const done = subtask.call('signalDone', { id: first.id });
    await runner.publish(await runner.push('a.txt', 'a'));
    await done;
    await start(second);
    const gone = { taskId: second.id, attempt: 1, kept: null, reason: null };
    await service.launcher.call('reportGone', gone);
    const again = await owner.client.call('getTask', { id: second.id });
    expect(again).toMatchObject({ attempt: 2, lifecycle: { state: 'queued' }, admission: { state: 'admitted' } });
    expect((await standing()).tasks).toMatchObject({ running: 2, queued: 1, settled: 1 });
    expect((await admissionOf(third)).state).toBe('held');
    await owner.client.call('closeTask', { id: second.id });
    await isAdmitted(third);
  });

  it('AD-8: the highest priority is next, and of one priority the oldest', async () => {
    await set({ maxRunning: 1 });
    let running: Pick<Task, 'id'> = await create('running');
    const given = [5, 1, 9, 5, 9];
    const tasks: Task[] = [];
    for (const [index, priority] of given.entries()) tasks.push(await create(`${index}`, { priority }));
    const order: string[] = [];
    for (let turn = 0; turn < given.length; turn += 1) {
      await exit(running);
      running = await waitFor('the next', async () => {
        const { tasks: now } = await owner.client.call('listTasks', {});
        return now.find(({ name, admission, lifecycle }) => {
          const isNew = name !== 'running' && !order.includes(name);
          return isNew && admission.state === 'admitted' && lifecycle.state === 'queued';
        });
      });
      order.push(tasks.find(({ id }) => id === running.id)?.name ?? '');
    }
    expect(order).toEqual(['2', '4', '0', '3', '1']);
    await expect(create('x', { priority: 10 })).rejects.toMatchObject({ code: 'validation_failed' });
  });

  it('AD-16: a pause starts nothing, ends nothing and holds up nobody else; what waits goes on by itself', async () => {
    const running = await create('running');
    const other = await service.newOwner();
    const paused = await owner.client.call('pauseCoordinator', {});
    expect(paused.coordinator.paused).toMatchObject({ by: 'coordinator' });
    expect(await owner.client.call('pauseCoordinator', {})).toEqual(paused);
    const held = [await create('a'), await create('b')];
    for (const task of held)
      expect(await admissionOf(task)).toMatchObject({ why: 'paused', reason: 'its coordinator is paused' });
    expect((await create('theirs', {}, other)).admission.state).toBe('admitted');
    await exit(running);
    expect((await standing()).tasks).toMatchObject({ running: 0, queued: 2, held: { paused: 2 } });
    const resumed = await owner.client.call('resumeCoordinator', {});
    expect(resumed.coordinator.paused).toBeNull();
    for (const task of held) await isAdmitted(task);

    const headers = { authorization: `Bearer ${service.operatorToken}`, 'x-coordinator-id': owner.id };
    const byOperator = await fetch(`${service.url}/api/coordinator/pause`, { method: 'POST', headers });
    expect(await byOperator.json()).toMatchObject({ coordinator: { paused: { by: 'operator' } } });
    await expect(service.operator.call('pauseCoordinator', {})).rejects.toMatchObject({ code: 'coordinator_required' });
    await expect(owner.client.call('updateCoordinator', { id: owner.id })).rejects.toMatchObject({ code: 'forbidden' });
  });

  it('AD-17: as many tasks as the budget has, and the same key still answers what it made', async () => {
    await set({ budget: { tasks: 2 } });
    const key = { idempotencyKey: 'one' };
    const first = await owner.client.call('createTask', { name: 'a', prompt: 'x' }, key);
    await create('b');
    await expect(create('c')).rejects.toMatchObject({ code: 'budget_exhausted' });
    await owner.client.call('pauseCoordinator', {});
    await expect(create('c')).rejects.toMatchObject({ code: 'budget_exhausted' });
    await owner.client.call('resumeCoordinator', {});
    expect((await owner.client.call('createTask', { name: 'a', prompt: 'x' }, key)).id).toBe(first.id);
    expect(await standing()).toMatchObject({ tasks: { created: 2 }, used: { tasks: 2 } });
    expect(await set({ budget: { tasks: 3 }, name: 'richer' })).toMatchObject({ name: 'richer' });
    expect((await create('c')).admission.state).toBe('admitted');
  });

  it('AD-18: a used-up budget of time starts nothing more, and a higher one lets in who waits', async () => {
    await set({ budget: { wallClockSeconds: 3_600 }, maxRunning: 1 });
    const running = await create('running');
    const waiting = await create('waiting');
    await start(running);
    // As if the attempt had been running for two hours.
    const usage = `{rh}:coordinator:${owner.id}:usage`;
    const since = Number(await redis.zscore(`{rh}:coordinator:${owner.id}:live`, running.id));
    expect(Number(await redis.hget(usage, 'sinceSumMs'))).toBe(since);
    await redis.zadd(`{rh}:coordinator:${owner.id}:live`, since - 7_200_000, running.id);
    await redis.hincrby(usage, 'sinceSumMs', -7_200_000);
    expect((await standing()).used.wallClockSeconds).toBeGreaterThanOrEqual(7_200);
    const reason = 'its coordinator’s budget of 3600 s is used up';
    expect(await admissionOf(waiting)).toMatchObject({ why: 'budget', reason });
    await runners[0]?.report({ type: 'agent_exited', code: 0, signal: null });
    expect(await redis.hget(usage, 'sinceSumMs')).toBe('0');
    expect((await create('later')).admission).toMatchObject({ state: 'held', why: 'budget' });
    expect((await admissionOf(waiting)).state).toBe('held');
    expect((await standing()).tasks).toMatchObject({ running: 0, held: { budget: 2 } });
    const raised = await set({ budget: { wallClockSeconds: 36_000 } });
    expect(raised.budget).toEqual({ tasks: null, wallClockSeconds: 36_000 });
    await isAdmitted(waiting);
  });

  it('AD-26: a coordinator sees its own standing alone; an operator names whose', async () => {
    const limits = { maxRunning: 1, budget: { tasks: 10, wallClockSeconds: 60 } };
    await set(limits);
    const first = await create('first', { limits: { ...DEFAULT_LIMITS, attempts: 1 } });
    await create('second', { dependsOn: [{ taskId: first.id }] });
    await create('third');
    const mine = await standing();
    expect(mine).toMatchObject({
      coordinator: { id: owner.id, ...limits },
      tasks: { created: 3, running: 1, queued: 2, held: { dependencies: 1, concurrency: 1 }, remaining: 3, settled: 0 },
      used: { tasks: 3 },
      house: { maxRunning: null },
    });
    const other = await service.newOwner();
    expect((await standing(other)).tasks).toMatchObject({ created: 0, running: 0, queued: 0 });
    const headers = { authorization: `Bearer ${service.operatorToken}`, 'x-coordinator-id': owner.id };
    const seen = (await (await fetch(`${service.url}/api/coordinator`, { headers })).json()) as object;
    expect(seen).toMatchObject({ tasks: mine.tasks });
  });
});
