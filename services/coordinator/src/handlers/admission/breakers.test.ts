import type { Task } from '@roundhouse/contracts';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { waitFor } from '../../testing/eventually.ts';
import { PlayedRunner } from '../../testing/played-runner.ts';
import { type Owner, type StartedCoordinator, startedCoordinator } from '../../testing/started-coordinator.ts';

let service: StartedCoordinator;
let redis: Redis;
let owner: Owner;
const runners: PlayedRunner[] = [];
beforeEach(async () => {
  service = await startedCoordinator();
  redis = new Redis(service.redis.connection);
  owner = await service.newOwner();
});
afterEach(async () => {
  await Promise.all(runners.splice(0).map((runner) => runner.hangUp()));
  redis.disconnect();
  await service.stop();
});

const create = (name: string, more: object = {}, by = owner) =>
  by.client.call('createTask', { name, prompt: 'x', ...more });
const admissionOf = async ({ id }: Pick<Task, 'id'>, by = owner) => (await by.client.call('getTask', { id })).admission;
const isAdmitted = (task: Pick<Task, 'id'>, by = owner) =>
  waitFor('an admission', async () => (await admissionOf(task, by)).state === 'admitted');
const start = async (task: Pick<Task, 'id'>): Promise<PlayedRunner> => {
  const runner = await PlayedRunner.start(service, task.id);
  runners.push(runner);
  return runner;
};
const scripted = async () => {
  const { breakers } = await owner.client.call('listBreakers', {});
  return breakers.find(({ kind }) => kind === 'scripted');
};
const isState = (state: string) =>
  waitFor(`the state ${state}`, async () => {
    const breaker = await scripted();
    return breaker?.state === state ? breaker : null;
  });
const hit = (runner: PlayedRunner, until: string | null = null) =>
  runner.report({ type: 'quota_hit', until, reason: 'too many requests' });
const soon = (ms: number): string => new Date(Date.now() + ms).toISOString();
const command = { agent: { kind: 'command', argv: ['true'] } };

/** As if an instant of the breaker had come. */
async function bringForward(changes: object): Promise<{ pauseMs: number }> {
  const breaker = JSON.parse((await redis.hget('{rh}:breakers', 'scripted')) ?? '{}') as { pauseMs: number };
  await redis.hset('{rh}:breakers', 'scripted', JSON.stringify({ ...breaker, ...changes }));
  await redis.zadd('{rh}:alarms', Date.now() - 1, 'breaker:scripted');
  return breaker;
}

const endPause = async (): Promise<number> => (await bringForward({ retryAt: Date.now() - 1 })).pauseMs;

/** The one of the tasks that is admitted as a trial. */
const trialOf = (tasks: readonly Task[]) =>
  waitFor('a trial', async () => {
    const id = (await scripted())?.trialTaskId;
    return tasks.find((task) => task.id === id);
  });

describe('quota breakers', () => {
  it('AD-19: a reported quota holds that kind of agent everywhere, no other kind, and only until it is back', async () => {
    const running = await create('running');
    const other = await service.newOwner();
    const runner = await start(running);
    const until = soon(3_600_000);
    await hit(runner, until);
    const open = await isState('open');
    expect(open).toMatchObject({ reason: 'too many requests', until, retryAt: null, reportedBy: running.id });
    const held = [await create('a'), await create('b', {}, other)] as const;
    const reason = `the quota of scripted agents is used up; it is back at ${until}`;
    expect(await admissionOf(held[0])).toEqual({ state: 'held', why: 'quota', reason, until });
    await isAdmitted(await create('c', command));
    expect((await owner.client.call('getCoordinator', {})).tasks.held).toMatchObject({ quota: 1 });
    expect((await owner.client.call('getTask', { id: running.id })).lifecycle.state).toBe('running');
    await bringForward({ until: Date.now() - 1 });
    await isAdmitted(held[0]);
    await isAdmitted(held[1], other);
    expect((await isState('closed')).reason).toBeNull();
    expect((await create('after')).admission.state).toBe('admitted');
  });

  it('AD-20: without an instant one trial at a time is let in, after pauses that double, until one meets no quota', async () => {
    const running = await create('running');
    await hit(await start(running));
    expect((await isState('open')).retryAt).not.toBeNull();
    const tasks = [await create('a'), await create('b'), await create('c')];
    for (const task of tasks) expect(await admissionOf(task)).toMatchObject({ why: 'quota' });

    expect(await endPause()).toBe(60_000);
    const first = await trialOf(tasks);
    expect((await scripted())?.state).toBe('half_open');
    const others = tasks.filter(({ id }) => id !== first.id);
    for (const task of others) expect(await admissionOf(task)).toMatchObject({ why: 'quota' });
    const runner = await start(first);
    await hit(runner);
    await isState('open');
    // That it is idle afterwards says nothing: it was refused.
    await runner.acceptPrompts();
    const idle = { state: 'idle', evidence: 'status', question: null, at: soon(0) } as const;
    await runner.report({ type: 'activity', activity: idle });

    expect(await endPause()).toBe(120_000);
    const second = await trialOf(others);
    // One that ends before it said anything proves nothing: another takes its place.
    await owner.client.call('closeTask', { id: second.id });
    const third = await trialOf(others.filter(({ id }) => id !== second.id));
    const last = await create('d');
    expect(await admissionOf(last)).toMatchObject({ why: 'quota' });
    const worker = await start(third);
    await worker.report({ type: 'activity', activity: idle });
    expect((await scripted())?.state).toBe('half_open');
    await worker.acceptPrompts();
    await worker.report({ type: 'activity', activity: { ...idle, at: soon(1) } });
    await isState('closed');
    await isAdmitted(last);
  });

  it('AD-21: an operator opens and closes breakers, nobody else; who waits goes on at once', async () => {
    const set = (input: object, by = service.operator) =>
      by.call('setBreaker', { kind: 'scripted', state: 'open', ...input });
    await expect(set({}, owner.client)).rejects.toMatchObject({ code: 'forbidden' });
    await expect(set({ kind: 'nobody' })).rejects.toMatchObject({ code: 'validation_failed' });
    const until = soon(86_400_000 * 30);
    expect(await set({ until, reason: 'the bill' })).toMatchObject({
      state: 'open',
      until,
      reason: 'the bill',
      reportedBy: null,
    });
    const held = await create('held');
    expect(held.admission).toMatchObject({ why: 'quota', until });
    expect(await set({ state: 'closed' })).toMatchObject({ state: 'closed', reason: null });
    await isAdmitted(held);
    // What an agent says holds its kind for a day at most.
    await hit(await start(held), until);
    const { until: cut } = await isState('open');
    expect(Date.parse(cut ?? '') - Date.now()).toBeLessThanOrEqual(86_400_000);
  });

  it('AD-28: what waits is admitted after a restart, once, also where another limit holds then', async () => {
    await service.restart({ maxRunning: 1 });
    const [first, second] = [await create('first'), await create('second')];
    const other = await service.newOwner();
    const theirs = await create('theirs', {}, other);
    expect(second.admission).toMatchObject({ why: 'concurrency', reason: 'the service has 1 running of 1 that may' });
    expect((await owner.client.call('getCoordinator', {})).house).toEqual({ running: 1, maxRunning: 1 });
    await owner.client.call('pauseCoordinator', {});
    await service.restart({ maxRunning: 3 });
    await isAdmitted(theirs, other);
    await owner.client.call('resumeCoordinator', {});
    await isAdmitted(second);
    const jobs = (await redis.lrange('{rh}:attempts:wait', 0, -1)).map((job) => job.slice(0, 36));
    expect(jobs.toSorted()).toEqual([first.id, second.id, theirs.id].toSorted());
  });

  it('AD-7: where the service has a limit a place goes to who has the fewest running, then to who waits longest', async () => {
    await service.restart({ maxRunning: 4 });
    const [many, few, none] = [owner, await service.newOwner(), await service.newOwner()];
    const running = [await create('1', {}, many), await create('2', {}, many), await create('3', {}, many)];
    running.push(await create('4', {}, few));
    const waiting = [
      await create('many', { priority: 9 }, many),
      await create('few', {}, few),
      await create('none', { priority: 0 }, none),
    ] as const;
    const [first] = running;
    if (first === undefined) throw new Error('nobody runs');
    // Three places in turn: none has 0 running, then few and none 1 each (few waited longer), then many.
    await many.client.call('closeTask', { id: first.id });
    await isAdmitted(waiting[2], none);
    expect((await admissionOf(waiting[1], few)).state).toBe('held');
    await none.client.call('closeTask', { id: waiting[2].id });
    await isAdmitted(waiting[1], few);
    expect((await admissionOf(waiting[0], many)).state).toBe('held');
    await few.client.call('closeTask', { id: waiting[1].id });
    await isAdmitted(waiting[0], many);
  });
});
