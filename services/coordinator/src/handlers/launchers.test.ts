import { randomUUID } from 'node:crypto';
import { DEFAULT_LIMITS, type LauncherState, type SandboxLimits } from '@roundhouse/contracts';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PlayedRunner } from '../testing/played-runner.ts';
import { type StartedCoordinator, startedCoordinator } from '../testing/started-coordinator.ts';

let service: StartedCoordinator;
let redis: Redis;
beforeEach(async () => {
  service = await startedCoordinator();
  redis = new Redis(service.redis.connection);
});
afterEach(async () => {
  redis.disconnect();
  await service.stop();
});

const launcher = (changes: Partial<LauncherState> = {}): LauncherState => ({
  id: randomUUID(),
  host: 'a-host',
  sandboxes: 'docker',
  ready: true,
  reason: null,
  slots: 4,
  running: 0,
  warm: 0,
  worktrees: 'overlay',
  note: null,
  ...changes,
});
const report = (state: LauncherState) => service.launcher.call('reportLauncher', state);
const { memoryMb, cpus, pids, diskMb } = DEFAULT_LIMITS;
const defaults: SandboxLimits = { memoryMb, cpus, pids, diskMb };

describe('launchers', () => {
  it('TL-12: a queued task says why it waits, wherever it is shown, until a launcher is ready', async () => {
    const { client } = await service.newOwner();
    const seen = async (id: string): Promise<(string | null | undefined)[]> => [
      (await client.call('getTask', { id })).attention,
      (await client.call('listTasks', {})).tasks.find((task) => task.id === id)?.attention,
      (await client.call('waitForIdle', { id, timeoutMs: 0 })).task.attention,
      (await service.operator.call('listAgents', {})).agents.find(({ taskId }) => taskId === id)?.attention,
    ];
    const all = (words: string | null) => [words, words, words, words];
    const task = await client.call('createTask', { name: 'x', prompt: 'x' });
    expect(task.attention).toBe('waits: no launcher is running');
    expect(await seen(task.id)).toEqual(all('waits: no launcher is running'));
    const away = launcher({ ready: false, reason: 'the Docker engine does not answer' });
    await report(away);
    expect(await seen(task.id)).toEqual(all('waits: the Docker engine does not answer'));
    const back = { ...away, ready: true, reason: null };
    await report(back);
    expect(await seen(task.id)).toEqual(all(null));
    // The word of a launcher that fell silent counts no more: as if its 15 s were over.
    await redis.zadd('{rh}:launchers:seen', Date.now() - 1, back.id);
    expect(await seen(task.id)).toEqual(all('waits: no launcher is running'));
    const runner = await PlayedRunner.start(service, task.id);
    expect(await seen(task.id)).toEqual(all(null));
    await runner.hangUp();
  });

  it('TL-14: launchers are listed for 15 s after their last word, to an operator alone', async () => {
    const states = [launcher({ host: 'b' }), launcher({ host: 'a', ready: false, reason: 'no disk', note: 'x' })];
    for (const state of states) await report(state);
    const listed = async () => (await service.operator.call('listLaunchers', {})).launchers;
    expect(await listed()).toEqual([states[1], states[0]]);
    const id = states[0]?.id ?? '';
    expect(Number(await redis.zscore('{rh}:launchers:seen', id)) - Date.now()).toBeGreaterThan(13_000);
    expect(Number(await redis.zscore('{rh}:launchers:seen', id)) - Date.now()).toBeLessThan(15_500);
    await redis.zadd('{rh}:launchers:seen', Date.now() - 1, id);
    expect(await listed()).toEqual([states[1]]);
    await report(states[1] as LauncherState);
    expect(await redis.hlen('{rh}:launchers')).toBe(1);
    const { client } = await service.newOwner();
    await expect(client.call('listLaunchers', {})).rejects.toMatchObject({ code: 'forbidden' });
    await expect(service.operator.call('reportLauncher', launcher())).rejects.toMatchObject({ code: 'forbidden' });
  });

  it('TL-15: a launcher hears what is likely to be asked for next: the last asked for first, at most 20', async () => {
    const { client } = await service.newOwner();
    const hub = (id: string) => `${service.dataFolder}/hubs/${id}.git`;
    const profile = (projectId: string, changes: object = {}) => ({
      projectId,
      image: null,
      limits: defaults,
      hubObjects: `${hub(projectId)}/objects`,
      ...changes,
    });
    const head = { headCommit: await service.repository.git('rev-parse', 'main') };
    const prepared = async () => (await report(launcher())).prepare;
    expect(await prepared()).toEqual([profile(service.projectId, head)]);

    const empty = await service.operator.call('createProject', { name: 'empty', image: 'debian:bookworm-slim' });
    const of = { image: 'debian:bookworm-slim', headCommit: null };
    expect(await prepared()).toEqual([profile(empty.id, of), profile(service.projectId, head)]);

    const plain = await client.call('createTask', { name: 'x', prompt: 'x' });
    expect((await prepared()).map(({ projectId }) => projectId)).toEqual([service.projectId, empty.id]);
    const limits = { memoryMb: 256, attempts: 2, wallClockSeconds: 60 };
    await client.call('createTask', { name: 'x', prompt: 'x', image: 'node:22', limits });
    const own = profile(service.projectId, { image: 'node:22', limits: { ...defaults, memoryMb: 256 }, ...head });
    expect(await prepared()).toEqual([own, profile(service.projectId, head), profile(empty.id, of)]);
    // A claim says again that it is asked for.
    await service.launcher.call('claimAttempt', { taskId: plain.id, attempt: 1 });
    expect(await prepared()).toEqual([profile(service.projectId, head), own, profile(empty.id, of)]);
    // What nobody asked for in a day is not prepared any more, but for what projects ask for by default.
    const members = await redis.zrange('{rh}:profiles', '0', '-1');
    for (const member of members) await redis.zadd('{rh}:profiles', Date.now() - 25 * 3_600_000, member);
    expect(await prepared()).toEqual([profile(empty.id, of), profile(service.projectId, head)]);

    for (let index = 0; index < 25; index += 1)
      await client.call('createTask', { name: 'x', prompt: 'x', image: `image:${index}` });
    const many = await prepared();
    expect(many).toHaveLength(20);
    expect(many[0]).toMatchObject({ image: 'image:24' });
  });
});
