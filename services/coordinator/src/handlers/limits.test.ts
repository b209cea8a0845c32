import { DEFAULT_LIMITS } from '@roundhouse/contracts';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PlayedRunner } from '../testing/played-runner.ts';
import { type Owner, type StartedCoordinator, startedCoordinator } from '../testing/started-coordinator.ts';

let service: StartedCoordinator;
let owner: Owner;
beforeAll(async () => {
  service = await startedCoordinator();
  owner = await service.newOwner();
});
afterAll(() => service.stop());

const IMAGE = 'registry.example:5000/agents/node:22';

describe('limits and images', () => {
  it('LM-1: a task gets its own, else the project’s, else the defaults, and its claim has them', async () => {
    const project = await service.operator.call('createProject', {
      name: 'limited',
      image: 'debian:bookworm-slim',
      limits: { memoryMb: 512, wallClockSeconds: 600 },
    });
    expect(project).toMatchObject({
      image: 'debian:bookworm-slim',
      limits: { ...DEFAULT_LIMITS, memoryMb: 512, wallClockSeconds: 600 },
    });
    await service.repository.git('push', '--quiet', `${service.dataFolder}/hubs/${project.id}.git`, 'main');
    const { client } = await service.newOwner(project.id);
    const plain = await client.call('createTask', { name: 'x', prompt: 'x' });
    expect(plain).toMatchObject({ image: project.image, limits: project.limits, deadline: null });
    const limits = { memoryMb: 1_024, attempts: 1 };
    const own = await client.call('createTask', { name: 'x', prompt: 'x', image: IMAGE, limits });
    expect(own).toMatchObject({ image: IMAGE, limits: { ...project.limits, ...limits } });

    const claim = await service.launcher.call('claimAttempt', { taskId: own.id, attempt: 1 });
    expect(claim).toMatchObject({
      assignment: { taskId: own.id, attempt: 1, baseCommit: await service.repository.git('rev-parse', 'main') },
      image: IMAGE,
      limits: { memoryMb: 1_024, cpus: 2, pids: 512, diskMb: 10_240 },
    });
    const again = await service.launcher.call('claimAttempt', { taskId: own.id, attempt: 1 });
    const { subtaskToken, doneToken } = again.assignment;
    const renewed = { runnerToken: again.runnerToken, assignment: { ...claim.assignment, subtaskToken, doneToken } };
    expect(again).toEqual({ ...claim, ...renewed });
    expect(again.runnerToken).not.toBe(claim.runnerToken);
  });

  it('LM-1: limits out of range and names that are no image are refused', async () => {
    const make = (input: object) => owner.client.call('createTask', { name: 'x', prompt: 'x', ...input });
    for (const limits of [{ memoryMb: 63 }, { cpus: 0 }, { pids: 1.5 }, { diskMb: 1 }, { wallClockSeconds: 4 }]) {
      await expect(make({ limits }), JSON.stringify(limits)).rejects.toMatchObject({ code: 'validation_failed' });
    }
    for (const image of ['', '-rm', 'a b', 'UPPER', 'x:', '$(x)', '../x', `a@sha256:${'0'.repeat(63)}`]) {
      await expect(make({ image }), image).rejects.toMatchObject({ code: 'validation_failed' });
    }
  });

  it('LM-2: a project and a task from before there were limits are used as ever', async () => {
    const redis = new Redis(service.redis.connection);
    const stored = JSON.parse((await redis.hget('{rh}:projects', service.projectId)) ?? '{}') as object;
    const { image: _image, limits: _limits, ...old } = stored as Record<string, unknown>;
    await redis.hset('{rh}:projects', service.projectId, JSON.stringify(old));
    const task = await owner.client.call('createTask', { name: 'old', prompt: 'x' });
    expect(task).toMatchObject({ image: null, limits: DEFAULT_LIMITS });
    const record = JSON.parse((await redis.hget(`{rh}:task:${task.id}`, 'data')) ?? '{}') as Record<string, unknown>;
    const { image: _none, deadline: _deadline, ...older } = record;
    await redis.hset(`{rh}:task:${task.id}`, 'data', JSON.stringify({ ...older, limits: { attempts: 3 } }));
    redis.disconnect();
    expect(await owner.client.call('getTask', { id: task.id })).toEqual(task);
    const runner = await PlayedRunner.start(service, task.id);
    await runner.acceptPrompts();
    await runner.hangUp();
  });

  it('LM-3: what a runner and a launcher say of limits ends the attempt, wakes the waiter and stops the runner', async () => {
    const own = await service.newOwner();
    const [told, killed] = [
      await own.client.call('createTask', { name: 'told', prompt: 'x' }),
      await own.client.call('createTask', { name: 'killed', prompt: 'x', limits: { memoryMb: 128 } }),
    ];
    const runner = await PlayedRunner.start(service, told.id);
    await runner.report({ type: 'limit_hit', limit: 'disk', reason: 'no space is left' });
    expect((await runner.desired('a stop', ({ stop }) => stop !== null)).stop?.archiveRef).toContain(told.id);
    const first = await own.client.call('waitSignal', { timeoutMs: 5_000 });
    expect(first).toMatchObject({ outcome: 'ended', notice: { taskId: told.id, end: { kind: 'disk' } } });
    expect(await own.client.call('getTask', { id: told.id })).toMatchObject({
      lifecycle: { state: 'ended', end: { kind: 'disk', reason: 'no space is left' } },
      attention: 'out of disk: no space is left',
    });
    await runner.hangUp();

    const other = await PlayedRunner.start(service, killed.id);
    const gone = { taskId: killed.id, attempt: 1, kept: null, reason: 'killed', limit: 'oom' } as const;
    await service.launcher.call('reportGone', gone);
    await service.launcher.call('reportGone', gone);
    expect(await own.client.call('getTask', { id: killed.id })).toMatchObject({
      attempt: 1,
      sandboxes: [],
      lifecycle: { state: 'ended', end: { kind: 'oom' } },
      attention: 'out of memory: it used more than its 128 MiB of memory',
    });
    await other.hangUp();
  });

  it('LM-4: an attempt is ended when its time is up, also over a restart of the service', async () => {
    const own = await service.newOwner();
    const task = await own.client.call('createTask', { name: 'slow', prompt: 'x', limits: { wallClockSeconds: 5 } });
    const runner = await PlayedRunner.start(service, task.id);
    const { deadline } = await own.client.call('getTask', { id: task.id });
    expect(Date.parse(deadline ?? '') - Date.now()).toBeGreaterThan(3_000);
    await service.restart();
    await runner.dialAgain();
    expect((await own.client.call('getTask', { id: task.id })).deadline).toBe(deadline);
    const heart = setInterval(() => runner.send({ type: 'heartbeat' }), 3_000);
    try {
      const answer = await own.client.call('waitSignal', { timeoutMs: 30_000 });
      expect(answer).toMatchObject({ outcome: 'ended', notice: { taskId: task.id, end: { kind: 'timeout' } } });
    } finally {
      clearInterval(heart);
    }
    expect((await runner.desired('a stop', ({ stop }) => stop !== null)).stop).not.toBeNull();
    expect(await own.client.call('getTask', { id: task.id })).toMatchObject({
      attempt: 1,
      deadline: null,
      lifecycle: { state: 'ended' },
      attention: 'out of time: it ran for longer than its 5 s',
    });
    await runner.hangUp();
  }, 60_000);

  it('TL-11: a claim whose base branch is gone by then ends the task, and does not leave it waiting', async () => {
    const hub = `${service.dataFolder}/hubs/${service.projectId}.git`;
    await service.repository.git('push', '--quiet', hub, 'main:refs/heads/brief');
    const task = await owner.client.call('createTask', { name: 'x', prompt: 'x', baseBranch: 'brief' });
    await service.repository.git('push', '--quiet', hub, ':refs/heads/brief');
    await expect(service.launcher.call('claimAttempt', { taskId: task.id, attempt: 1 })).rejects.toMatchObject({
      code: 'attempt_stale',
    });
    expect(await owner.client.call('getTask', { id: task.id })).toMatchObject({
      lifecycle: { state: 'ended', end: { kind: 'failed' } },
      attention: expect.stringContaining('has no branch brief any more') as string,
    });
  });

  it('TL-13: a claim that comes again renews the time for the start, and a stale one is refused', async () => {
    const redis = new Redis(service.redis.connection);
    const leaseEnd = async (id: string) => Number(await redis.zscore('{rh}:leases', id));
    const task = await owner.client.call('createTask', { name: 'x', prompt: 'x' });
    const claim = (attempt: number) => service.launcher.call('claimAttempt', { taskId: task.id, attempt });
    await claim(1);
    await redis.zadd('{rh}:leases', Date.now() + 1_000, task.id);
    await claim(1);
    expect((await leaseEnd(task.id)) - Date.now()).toBeGreaterThan(80_000);
    redis.disconnect();
    await expect(claim(2)).rejects.toMatchObject({ code: 'attempt_stale' });
  });
});
