import { setTimeout as pause } from 'node:timers/promises';
import { ApiClient, type PlacedEvent, RoundhouseError } from '@roundhouse/contracts';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitFor } from '../testing/eventually.ts';
import { type Owner, type StartedCoordinator, startedCoordinator } from '../testing/started-coordinator.ts';

let service: StartedCoordinator;
let redis: Redis;
beforeAll(async () => {
  service = await startedCoordinator();
  redis = new Redis(service.redis.connection);
});
afterAll(async () => {
  redis.disconnect();
  await service.stop();
});

const streamKey = (owner: Owner): string => `{rh}:coordinator:${owner.id}:events`;
const newTask = (owner: Owner) => owner.client.call('createTask', { name: 'a task', prompt: 'x' });

/** Takes and hands back the keyboard: two events of the task. */
async function stir(id: string, times = 1): Promise<void> {
  for (let time = 0; time < times; time += 1) {
    await service.operator.call('setControl', { id, holder: 'human' });
    await service.operator.call('setControl', { id, holder: 'coordinator' });
  }
}

const versionsOf = (events: readonly PlacedEvent[]) => events.map(({ version }) => version);

describe('waiting for events', () => {
  it('AC-1: every cursor sees every event once and in order, through two coordinators and cut connections (I3)', async () => {
    const owner = await service.newOwner();
    const other = await service.another();
    const task = await newTask(owner);
    const start = await owner.client.call('waitForEvents', { from: 'oldest', limit: 1, timeoutMs: 0 });
    const rounds = 40;
    const written: { last: string | null } = { last: null };
    const reader = async (baseUrl: string, limit: number): Promise<PlacedEvent[]> => {
      const client = new ApiClient({ baseUrl, token: owner.token, coordinatorId: owner.id });
      const seen: PlacedEvent[] = [...start.events];
      let { cursor } = start;
      while (written.last === null || cursor !== written.last) {
        try {
          const answer = await client.call('waitForEvents', { cursor, limit, timeoutMs: 1_000 });
          seen.push(...answer.events);
          ({ cursor } = answer);
        } catch (error) {
          // Redis is away for a moment: the same call again, from the same cursor.
          if (!(error instanceof RoundhouseError) || error.code !== 'store_unavailable') throw error;
        }
      }
      return seen;
    };
    const readers = [service.url, other.url].flatMap((url) => [1, 3, 100].map((limit) => reader(url, limit)));
    const write = async () => {
      const operators = [service.url, other.url].map(
        (baseUrl) => new ApiClient({ baseUrl, token: service.operatorToken }),
      );
      for (let round = 0; round < rounds; round += 1) {
        for (const holder of ['human', 'coordinator'] as const)
          await operators[round % 2]?.call('setControl', { id: task.id, holder });
        if (round % 20 === 10) await redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
        if (round % 20 === 15) await redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
      }
      written.last = (await redis.xrevrange(streamKey(owner), '+', '-', 'COUNT', 1))[0]?.[0] ?? '';
    };
    const [all] = await Promise.all([Promise.all(readers), write()]);
    const stored = (await redis.xrange(streamKey(owner), '-', '+')).map(([id, [, event]]) => ({
      ...(JSON.parse(event ?? '') as object),
      cursor: id,
    }));
    expect(stored.length).toBeGreaterThanOrEqual(1 + 2 * rounds);
    for (const seen of all) expect(seen).toEqual(stored);
    await other.stop();
  });

  it('AC-2: a filter leaves out what it leaves out, and the cursor passes over it', async () => {
    const owner = await service.newOwner();
    const [one, other] = [await newTask(owner), await newTask(owner)];
    await stir(one.id);
    await stir(other.id, 2);
    const ask = { from: 'oldest', timeoutMs: 0 } as const;
    const ofOne = await owner.client.call('waitForEvents', { ...ask, taskIds: [one.id] });
    expect(versionsOf(ofOne.events)).toEqual([1, 2, 3]);
    const created = await owner.client.call('waitForEvents', { ...ask, kinds: ['created'] });
    expect(created.events.map(({ taskId }) => taskId)).toEqual([one.id, other.id]);
    expect(created).toMatchObject({ outcome: 'events', more: false });
    // All eight are behind this cursor, although it was given with two.
    const { cursor } = created;
    expect(await owner.client.call('waitForEvents', { cursor, timeoutMs: 0 })).toMatchObject({
      outcome: 'timeout',
      events: [],
      cursor,
    });
    const both = { ...ask, kinds: ['control' as const], taskIds: [other.id], limit: 3 };
    const page = await owner.client.call('waitForEvents', both);
    expect(page).toMatchObject({ more: true });
    const rest = await owner.client.call('waitForEvents', { ...both, cursor: page.cursor });
    expect([...versionsOf(page.events), ...versionsOf(rest.events)]).toEqual([2, 3, 4, 5]);
    expect(rest.more).toBe(false);
  });

  it('AC-3: without a cursor it begins now, or with the oldest event that is kept', async () => {
    const owner = await service.newOwner();
    const empty = await owner.client.call('waitForEvents', { timeoutMs: 0 });
    expect(empty).toMatchObject({ outcome: 'timeout', events: [] });
    const task = await newTask(owner);
    const now = await owner.client.call('waitForEvents', { timeoutMs: 0 });
    expect(now.events).toEqual([]);
    expect((await owner.client.call('waitForEvents', { from: 'oldest', timeoutMs: 0 })).events).toHaveLength(1);
    expect((await owner.client.call('waitForEvents', { cursor: empty.cursor, timeoutMs: 0 })).events).toHaveLength(1);
    const waiting = owner.client.call('waitForEvents', { cursor: now.cursor, timeoutMs: 20_000 });
    await stir(task.id);
    const woken = await waiting;
    expect(woken.outcome).toBe('events');
    expect(woken.events[0]).toMatchObject({ taskId: task.id, version: 2, kinds: ['control'] });
  });

  it('AC-4: a cursor of what is not kept any more, one of nobody’s, and no coordinator are told apart', async () => {
    const owner = await service.newOwner();
    const task = await newTask(owner);
    const { cursor } = await owner.client.call('waitForEvents', { from: 'oldest', timeoutMs: 0 });
    await stir(task.id);
    const [[, [, event]] = ['', []]] = await redis.xrange(streamKey(owner), '-', '+', 'COUNT', 1);
    const fill = redis.pipeline();
    for (let index = 0; index < 10_500; index += 1)
      fill.xadd(streamKey(owner), 'MAXLEN', '~', 10_000, '*', 'event', event ?? '');
    await fill.exec();
    await expect(owner.client.call('waitForEvents', { cursor, timeoutMs: 0 })).rejects.toMatchObject({
      code: 'cursor_expired',
      status: 410,
    });
    // How to go on, as the hint says: what is kept is read from its beginning, or from now on.
    const oldest = await owner.client.call('waitForEvents', { from: 'oldest', timeoutMs: 0 });
    expect(oldest.events).toHaveLength(100);
    expect(oldest.more).toBe(true);
    for (const strange of ['x', '1', '-', '99999999999999-0', '1-99999999999999999999']) {
      const answer = owner.client.call('waitForEvents', { cursor: strange, timeoutMs: 0 });
      await expect(answer, strange).rejects.toMatchObject({ code: 'cursor_invalid' });
    }
    await expect(service.operator.call('waitForEvents', { timeoutMs: 0 })).rejects.toMatchObject({
      code: 'coordinator_required',
    });
  });

  it('AC-5: a wait that is given up leaves nothing behind', async () => {
    const owner = await service.newOwner();
    const task = await newTask(owner);
    const { cursor } = await owner.client.call('waitForEvents', { timeoutMs: 0 });
    const dump = async () =>
      (await redis.keys('*')).filter((key) => !/launchers|outbox|bull|profiles|audit|:log$/.test(key)).toSorted();
    const before = await dump();
    const gone = new AbortController();
    const given = Array.from({ length: 20 }, () =>
      owner.client
        .call('waitForEvents', { cursor, timeoutMs: 30_000 }, { signal: gone.signal })
        .catch((error: unknown) => (error as Error).name),
    );
    await pause(200);
    gone.abort();
    expect(new Set(await Promise.all(given))).toEqual(new Set(['AbortError']));
    // That a wait has ended is noted behind its end.
    await waitFor('nothing left of the waits', async () => (await dump()).length === before.length);
    expect(await dump()).toEqual(before);
    await stir(task.id);
    expect((await owner.client.call('waitForEvents', { cursor, timeoutMs: 0 })).events).toHaveLength(2);
  });
});
