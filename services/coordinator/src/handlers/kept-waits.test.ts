import {
  ApiClient,
  KEPT_ANSWER_MS,
  type KeptWait,
  MAX_KEPT_WAITS,
  type RoundhouseError,
  TOKEN_PATTERN,
  uuidOfHex,
} from '@roundhouse/contracts';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitFor } from '../testing/eventually.ts';
import { PlayedRunner } from '../testing/played-runner.ts';
import { type Owner, type StartedCoordinator, startedCoordinator } from '../testing/started-coordinator.ts';

let service: StartedCoordinator;
let second: { url: string; stop(): Promise<void> };
let redis: Redis;
beforeAll(async () => {
  service = await startedCoordinator();
  second = await service.another();
  redis = new Redis(service.redis.connection);
});
afterAll(async () => {
  redis.disconnect();
  await second.stop();
  await service.stop();
});

async function runningTask(owner: Owner) {
  const task = await owner.client.call('createTask', { name: 'a task', prompt: 'do it' });
  const runner = await PlayedRunner.start(service, task.id);
  await runner.acceptPrompts();
  const { subtaskToken, doneToken } = runner.assignment;
  const agent = new ApiClient({ baseUrl: service.url, token: subtaskToken, doneToken });
  const signal = async (): Promise<string> => {
    const done = agent.call('signalDone', { id: task.id, summary: 'it is done' });
    const commit = await runner.push(`${task.id}.txt`, `${String(Math.random())}\n`);
    await runner.publish(commit);
    await done;
    return commit;
  };
  return { task, runner, signal };
}

const elsewhere = (owner: Owner): ApiClient =>
  new ApiClient({ baseUrl: second.url, token: owner.token, coordinatorId: owner.id });
const forSignal = { wait: { operation: 'waitSignal', input: {} } } as const;
const idOf = (token: string): string => uuidOfHex(TOKEN_PATTERN.exec(token)?.[2] ?? '');
const codeOf = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => 'answered',
    (error: unknown) => (error as RoundhouseError).code,
  );

describe('kept waits', () => {
  it('MT-7: asked in two processes at once, and again, it gives the same; nobody else gets it', async () => {
    const owner = await service.newOwner();
    const running = await runningTask(owner);
    const { id } = await owner.client.call('keepWait', forSignal);
    // One of the two looks, the other is told at once that it waits.
    const looks = [owner.client, elsewhere(owner)].map((client) => client.call('readWait', { id, timeoutMs: 20_000 }));
    expect(await Promise.race(looks)).toMatchObject({ state: 'waiting', answer: null });
    const commit = await running.signal();
    const answers = await Promise.all(looks);
    const answered = answers.find(({ state }) => state === 'answered');
    expect(answered?.answer).toMatchObject({ outcome: 'signal', notice: { commit }, redelivered: false, remaining: 0 });
    for (const client of [owner.client, elsewhere(owner)])
      expect(await client.call('readWait', { id, timeoutMs: 0 })).toEqual(answered);
    expect(await owner.client.call('waitSignal', { timeoutMs: 0 })).toMatchObject({ outcome: 'nothing_live' });
    const { cursor } = (answered as KeptWait).answer as { cursor: string };
    await owner.client.call('waitSignal', { timeoutMs: 0, cursor });
    expect((await owner.client.call('getTask', { id: running.task.id })).delivery.state).toBe('acknowledged');
    await running.runner.hangUp();
  });

  it('MT-7: a caller that goes takes nothing with it, neither before the answer nor at the moment of it', async () => {
    const owner = await service.newOwner();
    const running = await runningTask(owner);
    const { id } = await owner.client.call('keepWait', forSignal);
    const gone = new AbortController();
    const left = owner.client
      .call('readWait', { id, timeoutMs: 20_000 }, { signal: gone.signal })
      .catch((error: unknown) => (error as Error).name);
    await waitFor('a look', async () => (await redis.exists(`{rh}:wait:${id}:look`)) === 1);
    gone.abort();
    expect(await left).toBe('AbortError');
    await waitFor('the end of the look', async () => (await redis.exists(`{rh}:wait:${id}:look`)) === 0);
    const commit = await running.signal();
    const answered = await owner.client.call('readWait', { id, timeoutMs: 20_000 });
    expect(answered.answer).toMatchObject({ outcome: 'signal', notice: { commit }, redelivered: false });
    await running.runner.hangUp();

    const again = await runningTask(owner);
    const next = await owner.client.call('keepWait', forSignal);
    const leaving = new AbortController();
    const look = owner.client
      .call('readWait', { id: next.id, timeoutMs: 20_000 }, { signal: leaving.signal })
      .catch(() => null);
    const signalled = again.signal().then(() => leaving.abort());
    await Promise.all([look, signalled]);
    const kept = await owner.client.call('readWait', { id: next.id, timeoutMs: 20_000 });
    expect(kept.answer).toMatchObject({ outcome: 'signal', notice: { taskId: again.task.id } });
    await again.runner.hangUp();
  });

  it('MT-8: cancelled, also while it is asked for, it consumes nothing', async () => {
    const owner = await service.newOwner();
    const running = await runningTask(owner);
    const { id } = await owner.client.call('keepWait', forSignal);
    const asked = owner.client.call('readWait', { id, timeoutMs: 20_000 });
    await waitFor('a look', async () => (await redis.exists(`{rh}:wait:${id}:look`)) === 1);
    expect(await elsewhere(owner).call('cancelWait', { id })).toMatchObject({ state: 'cancelled', answer: null });
    expect(await redis.exists(`{rh}:wait:${id}:look`)).toBe(0);
    const next = owner.client.call('waitSignal', { timeoutMs: 20_000 });
    const commit = await running.signal();
    expect(await asked).toMatchObject({ state: 'cancelled', answer: null });
    expect(await next).toMatchObject({ outcome: 'signal', notice: { commit }, redelivered: false });
    expect(await owner.client.call('cancelWait', { id })).toMatchObject({ state: 'cancelled' });
    expect(await owner.client.call('readWait', { id, timeoutMs: 0 })).toMatchObject({ state: 'cancelled' });
    await running.runner.hangUp();

    const done = await owner.client.call('keepWait', forSignal);
    const answered = await owner.client.call('readWait', { id: done.id, timeoutMs: 0 });
    expect(answered).toMatchObject({ state: 'answered', answer: { outcome: 'nothing_live' } });
    expect(await owner.client.call('cancelWait', { id: done.id })).toEqual(answered);
  });

  it('MT-9: it ends with its time, and then is forgotten', async () => {
    const owner = await service.newOwner();
    const running = await runningTask(owner);
    const { id } = await owner.client.call('keepWait', { ...forSignal, forMs: 300 });
    let kept: KeptWait = await owner.client.call('readWait', { id, timeoutMs: 20_000 });
    while (kept.state === 'waiting') kept = await owner.client.call('readWait', { id, timeoutMs: 20_000 });
    expect(kept).toMatchObject({ state: 'answered', answer: { outcome: 'timeout', notice: null, remaining: 1 } });
    expect(Date.parse(kept.forgottenAt) - Date.parse(kept.until)).toBe(KEPT_ANSWER_MS);
    const leftMs = await redis.pttl(`{rh}:wait:${id}`);
    expect(leftMs).toBeGreaterThan(0);
    expect(leftMs).toBeLessThanOrEqual(KEPT_ANSWER_MS + 300);
    await redis.pexpire(`{rh}:wait:${id}`, 1);
    await waitFor('the end of it', async () => (await redis.exists(`{rh}:wait:${id}`)) === 0);
    expect(await codeOf(owner.client.call('readWait', { id, timeoutMs: 0 }))).toBe('wait_not_found');
    expect(await codeOf(owner.client.call('cancelWait', { id }))).toBe('wait_not_found');
    await running.runner.hangUp();
  });

  it('MT-10: what happens between two questions is in the next answer', async () => {
    const owner = await service.newOwner();
    const events = { operation: 'waitForEvents' as const, input: { kinds: ['signalled' as const] } };
    const { id } = await owner.client.call('keepWait', { wait: events });
    const before = await redis.get(`{rh}:wait:${id}`);
    const running = await runningTask(owner);
    // Events that it does not want have gone by: it goes on after them.
    expect(await owner.client.call('readWait', { id, timeoutMs: 0 })).toMatchObject({ state: 'waiting' });
    expect(await redis.get(`{rh}:wait:${id}`)).not.toBe(before);
    await running.signal();
    expect((await owner.client.call('getNotifications', {})).heldByWait).toBe(true);
    const { answer } = await owner.client.call('readWait', { id, timeoutMs: 0 });
    expect(answer).toMatchObject({ outcome: 'events', events: [{ taskId: running.task.id }], more: false });
    await waitFor('notifications', async () => !(await owner.client.call('getNotifications', {})).heldByWait);

    const idle = { operation: 'waitForIdle', input: { id: running.task.id } } as const;
    const kept = await owner.client.call('keepWait', { wait: idle });
    const found = await owner.client.call('readWait', { id: kept.id, timeoutMs: 0 });
    expect(found.answer).toMatchObject({ outcome: 'signalled', task: { id: running.task.id } });
    await owner.client.call('promptTask', { id: running.task.id, prompt: 'more' });
    // The task works again; what the wait was answered stays.
    expect(await owner.client.call('readWait', { id: kept.id, timeoutMs: 0 })).toEqual(found);
    await running.runner.hangUp();
  });

  it('MT-11: the mark of a process that died delays, and ends by itself', async () => {
    const owner = await service.newOwner();
    const { id } = await owner.client.call('keepWait', forSignal);
    await redis.set(`{rh}:wait:${id}:look`, '1', 'PX', 60_000);
    expect(await owner.client.call('readWait', { id, timeoutMs: 20_000 })).toMatchObject({ state: 'waiting' });
    await redis.pexpire(`{rh}:wait:${id}:look`, 1);
    await waitFor('the end of the mark', async () => (await redis.exists(`{rh}:wait:${id}:look`)) === 0);
    expect(await owner.client.call('readWait', { id, timeoutMs: 0 })).toMatchObject({ state: 'answered' });
    expect(await redis.exists(`{rh}:wait:${id}:look`)).toBe(0);
  });

  it('MT-14: a token keeps so many open ones and no more, and as many that are over', async () => {
    const owner = await service.newOwner();
    const running = await runningTask(owner);
    const keep = async (client: ApiClient): Promise<string> => (await client.call('keepWait', forSignal)).id;
    const ids: string[] = [];
    const refusals: string[] = [];
    const asked = Array.from({ length: MAX_KEPT_WAITS + 4 }, (_, index) =>
      keep(index % 2 === 0 ? owner.client : elsewhere(owner)).then(
        (id) => ids.push(id),
        (error: unknown) => refusals.push((error as RoundhouseError).code),
      ),
    );
    await Promise.all(asked);
    expect([ids.length, refusals]).toEqual([MAX_KEPT_WAITS, Array(4).fill('waits_full')]);
    const full = await owner.client.call('keepWait', forSignal).catch((error: unknown) => error as RoundhouseError);
    expect((full as RoundhouseError).toBody().error.hint).toContain(String(MAX_KEPT_WAITS));
    const other = await service.operator.call('createToken', { role: 'coordinator', coordinatorId: owner.id });
    await keep(new ApiClient({ baseUrl: service.url, token: other.token, coordinatorId: owner.id }));

    // One that is forgotten leaves its place as well.
    const [first = '', second = '', third = '', ...rest] = ids;
    await redis.zadd(`{rh}:token:${idOf(owner.token)}:waits`, 1, third);
    await redis.del(`{rh}:wait:${third}`);
    rest.push(await keep(owner.client));
    expect(await codeOf(keep(owner.client))).toBe('waits_full');

    const cancel = (id: string): Promise<unknown> => owner.client.call('cancelWait', { id });
    await cancel(first);
    await cancel(second);
    await Promise.all(rest.map(cancel));
    const states = (id: string): Promise<string> => codeOf(owner.client.call('readWait', { id, timeoutMs: 0 }));
    expect([await states(first), await states(second)]).toEqual(['answered', 'answered']);
    await cancel(await keep(owner.client));
    expect([await states(first), await states(second)]).toEqual(['wait_not_found', 'answered']);
    expect(await redis.zcard(`{rh}:token:${idOf(owner.token)}:waits`)).toBe(0);
    expect(await redis.pttl(`{rh}:token:${idOf(owner.token)}:waits:over`)).toBeGreaterThan(0);
    await running.runner.hangUp();
  });

  it('MT-5: it is there for the token that keeps it alone', async () => {
    const owner = await service.newOwner();
    const stranger = await service.newOwner();
    const { id } = await owner.client.call('keepWait', forSignal);
    const another = await service.operator.call('createToken', { role: 'coordinator', coordinatorId: owner.id });
    const sameCoordinator = new ApiClient({ baseUrl: service.url, token: another.token, coordinatorId: owner.id });
    for (const client of [stranger.client, sameCoordinator]) {
      expect(await codeOf(client.call('readWait', { id, timeoutMs: 0 }))).toBe('wait_not_found');
      expect(await codeOf(client.call('cancelWait', { id }))).toBe('wait_not_found');
    }
    const theirs = await runningTask(stranger);
    const wait = { operation: 'waitForIdle', input: { id: theirs.task.id } } as const;
    expect(await codeOf(owner.client.call('keepWait', { wait }))).toBe('task_not_found');
    const made = { operation: 'waitForEvents', input: { cursor: 'made up' } } as const;
    expect(await codeOf(owner.client.call('keepWait', { wait: made }))).toBe('cursor_invalid');
    await theirs.runner.hangUp();
  });
});
