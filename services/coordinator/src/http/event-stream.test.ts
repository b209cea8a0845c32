import { eventually, within } from '@roundhouse/testkit';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EventSource } from '../testing/event-source.ts';
import { type Owner, type StartedCoordinator, startedCoordinator } from '../testing/started-coordinator.ts';
import { MAX_STREAMS } from './event-stream.ts';

let service: StartedCoordinator;
let redis: Redis;
beforeAll(async () => {
  service = await startedCoordinator({ eventStream: { heartbeatMs: 15_000, stallMs: 1_000 } });
  redis = new Redis(service.redis.connection);
});
afterAll(async () => {
  redis.disconnect();
  await service.stop();
});

const headersOf = (owner: Owner, more: Record<string, string> = {}) => ({
  authorization: `Bearer ${owner.token}`,
  'x-coordinator-id': owner.id,
  ...more,
});
const open = (owner: Owner, query = '', more: Record<string, string> = {}): Promise<EventSource> =>
  EventSource.open(`${service.url}/api/events${query}`, headersOf(owner, more));
const newTask = (owner: Owner) => owner.client.call('createTask', { name: 'a task', prompt: 'x' });
const take = (id: string) => service.operator.call('setControl', { id, holder: 'human' });
const handBack = (id: string) => service.operator.call('setControl', { id, holder: 'coordinator' });

describe('the stream of events', () => {
  it('AC-6: sends each event with its cursor as id, and goes on after Last-Event-ID', async () => {
    const owner = await service.newOwner();
    const first = (await open(owner)).read();
    expect(first.status).toBe(200);
    expect(first.headers['content-type']).toContain('text/event-stream');
    await first.until('the place', () => first.said.length > 0);
    const task = await newTask(owner);
    await first.until('the creation', () => first.events.length === 1);
    expect(first.events[0]).toMatchObject({ taskId: task.id, kinds: ['created'] });
    expect(first.events[0]?.cursor).toBe(first.lastId);
    first.close();
    await take(task.id);
    await handBack(task.id);
    const second = (await open(owner, '?from=oldest', { 'last-event-id': first.lastId })).read();
    await second.until('what was missed', () => second.events.length === 2);
    expect(second.events.map(({ version }) => version)).toEqual([2, 3]);
    // A filter, and where to begin, by the query.
    const query = `?from=oldest&kinds=created&kinds=ended&taskIds=${task.id}`;
    const third = (await open(owner, query)).read();
    await third.until('the creation again', () => third.events.length === 1);
    await take(task.id);
    await second.until('the next', () => second.events.length === 3);
    expect(third.events).toHaveLength(1);
    for (const source of [second, third]) source.close();
  });

  it('AC-7: heartbeats say where it is; it ends in order with its token and with the service', async () => {
    const owner = await service.newOwner();
    const { token, info } = await service.operator.call('createToken', {
      role: 'coordinator',
      coordinatorId: owner.id,
    });
    const brisk = await service.another({ eventStream: { heartbeatMs: 200, stallMs: 1_000 } });
    const address = `${brisk.url}/api/events`;
    const source = (await EventSource.open(`${address}?kinds=ended`, headersOf({ ...owner, token }))).read();
    await source.until('heartbeats', () => source.said.filter(({ comment }) => comment !== null).length >= 2);
    // The filter lets nothing through, yet the place moves on.
    const before = source.lastId;
    await newTask(owner);
    await source.until('a later place', () => source.lastId !== before);
    expect(source.events).toEqual([]);
    await service.operator.call('revokeToken', { id: info.id });
    await within(30_000, 'the end of the stream', source.ended);
    expect(source.said.at(-1)).toMatchObject({ event: 'end' });
    expect(JSON.parse(source.said.at(-1)?.data ?? '')).toMatchObject({ error: { code: 'unauthenticated' } });

    const others = await Promise.all([1, 2].map(() => EventSource.open(address, headersOf(owner))));
    for (const other of others) other.read();
    await Promise.all(others.map((other) => other.until('the place', () => other.said.length > 0)));
    await brisk.stop();
    for (const other of others) {
      await within(30_000, 'the end of the stream', other.ended);
      expect(JSON.parse(other.said.at(-1)?.data ?? '')).toMatchObject({ error: { code: 'stopping', retry: true } });
    }
    const again = (await open(owner, '', { 'last-event-id': others[0]?.lastId ?? '' })).read();
    await again.until('the place', () => again.said.length > 0);
    again.close();
  });

  it('AC-8: a client that takes nothing is cut, and loses nothing by it', async () => {
    const owner = await service.newOwner();
    await newTask(owner);
    const key = `{rh}:coordinator:${owner.id}:events`;
    const [[, [, event]] = ['', []]] = await redis.xrange(key, '-', '+');
    // More than the buffers of both ends of a connection hold: 1500 events of 16 KB.
    const bulky = { ...(JSON.parse(event ?? '') as object), kinds: Array.from({ length: 1_500 }, () => 'activity') };
    const fill = redis.pipeline();
    for (let index = 0; index < 1_500; index += 1) fill.xadd(key, '*', 'event', JSON.stringify(bulky));
    await fill.exec();
    const stalled = await open(owner, '?from=oldest');
    expect(stalled.status).toBe(200);
    // As many others as there may be: there is room for one more as soon as the one that takes nothing is cut.
    const others = await Promise.all(Array.from({ length: MAX_STREAMS - 1 }, () => open(owner)));
    for (const other of others) other.read();
    const late = await eventually('room for another stream', 60_000, async () => {
      const source = await open(owner);
      if (source.status === 200) return source;
      source.close();
      return undefined;
    });
    for (const other of [...others, late]) other.close();
    await within(20_000, 'the end of what was cut', stalled.read().ended);
    const before = stalled.events;
    expect(before.length).toBeLessThan(1_501);
    const resumed = (await open(owner, '?from=oldest', { 'last-event-id': stalled.lastId })).read();
    await resumed.until('all the rest', () => before.length + resumed.events.length >= 1_501);
    resumed.close();
    const stored = (await redis.xrange(key, '-', '+')).map(([id]) => id);
    expect([...before, ...resumed.events].map(({ cursor }) => cursor)).toEqual(stored);
  });

  it('AC-9: it is the coordinator’s own; an operator names one; a token has so many and no more', async () => {
    const [owner, other] = [await service.newOwner(), await service.newOwner()];
    const refused = async (headers: Record<string, string>, query = '') => {
      const response = await fetch(`${service.url}/api/events${query}`, { headers });
      return [response.status, ((await response.json()) as { error: { code: string } }).error.code];
    };
    const operator = { authorization: `Bearer ${service.operatorToken}` };
    const phone = await service.operator.call('createToken', { role: 'mobile' });
    expect(await refused({})).toEqual([401, 'unauthenticated']);
    expect(await refused(headersOf(owner, { 'x-coordinator-id': other.id }))).toEqual([403, 'coordinator_mismatch']);
    expect(await refused({ authorization: `Bearer ${phone.token}` })).toEqual([403, 'forbidden']);
    expect(await refused(operator)).toEqual([400, 'coordinator_required']);
    expect(await refused(headersOf(owner), '?kinds=nothing')).toEqual([400, 'validation_failed']);
    expect(await refused(headersOf(owner, { 'last-event-id': '99999999999999-1' }))).toEqual([400, 'cursor_invalid']);
    const task = await newTask(owner);
    const theirs = (await open(other)).read();
    const asOperator = (
      await EventSource.open(`${service.url}/api/events`, { ...operator, 'x-coordinator-id': owner.id })
    ).read();
    await asOperator.until('the place', () => asOperator.said.length > 0);
    await theirs.until('the place', () => theirs.said.length > 0);
    await take(task.id);
    await asOperator.until('the event', () => asOperator.events.length === 1);
    const own = await newTask(other);
    await theirs.until('their own event', () => theirs.events.length > 0);
    expect(theirs.events.map(({ taskId }) => taskId)).toEqual([own.id]);
    const many = await Promise.all(Array.from({ length: MAX_STREAMS }, () => open(owner)));
    expect(new Set(many.map(({ status }) => status))).toEqual(new Set([200]));
    expect(await refused(headersOf(owner))).toEqual([429, 'rate_limited']);
    for (const source of [...many, theirs, asOperator]) source.close();
  });
});
