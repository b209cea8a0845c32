import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import {
  ApiClient,
  LINK_PROTOCOL,
  LINK_PROTOCOL_ERROR,
  OPERATIONS,
  type Operation,
  type RoundhouseError,
} from '@roundhouse/contracts';
import { within } from '@roundhouse/testkit';
import { Redis } from 'ioredis';
import { WebSocket } from 'ws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEFAULT_RATE_LIMITS } from '../domain/rate-limits.ts';
import { PlayedRunner } from '../testing/played-runner.ts';
import { type Owner, type StartedCoordinator, startedCoordinator } from '../testing/started-coordinator.ts';

let service: StartedCoordinator;
let owner: Owner;
beforeAll(async () => {
  service = await startedCoordinator();
  owner = await service.newOwner();
});
afterAll(() => service.stop());

const headersOf = ({ id, token }: Owner) => ({ authorization: `Bearer ${token}`, 'x-coordinator-id': id });
const asOperator = () => ({ authorization: `Bearer ${service.operatorToken}` });
const newTask = (of = owner, name = 'a task') => of.client.call('createTask', { name, prompt: 'x' });
const codeOf = (error: unknown): string => (error as RoundhouseError).code;

async function send(path: string, init: RequestInit = {}) {
  const response = await fetch(service.url + path, init);
  const text = await response.text();
  const json = (text === '' ? {} : JSON.parse(text)) as { error?: { code: string; details?: Record<string, unknown> } };
  return { status: response.status, headers: response.headers, text, json, code: json.error?.code };
}

describe('conditional reads', () => {
  it('AC-13: an ETag comes with what is read, and 304 to whom has it; it changes with what is shown', async () => {
    const task = await newTask();
    const read = (tags?: string) =>
      send(`/api/tasks/${task.id}`, {
        headers: { ...headersOf(owner), ...(tags === undefined ? {} : { 'if-none-match': tags }) },
      });
    const first = await read();
    const tag = first.headers.get('etag') ?? '';
    expect(tag).toMatch(/^W\/"[\w-]+"$/);
    expect(first.headers.get('cache-control')).toBe('private, no-cache');
    for (const tags of [tag, tag.slice(2), `"x", ${tag}`, '*']) {
      const again = await read(tags);
      expect([tags, again.status, again.text, again.headers.get('etag')]).toEqual([tags, 304, '', tag]);
    }
    for (const tags of ['"x"', 'nonsense', tag.slice(0, -2)]) expect((await read(tags)).status).toBe(200);
    await service.operator.call('setControl', { id: task.id, holder: 'human' });
    const changed = await read(tag);
    expect(changed.status).toBe(200);
    expect(changed.headers.get('etag')).not.toBe(tag);
    // What is derived counts as well, although the record is as it was: why a queued task waits.
    const queued = await newTask();
    const asked = () => send(`/api/tasks/${queued.id}`, { headers: headersOf(owner) });
    const waiting = await asked();
    const id = randomUUID();
    const report = {
      id,
      host: 'h',
      sandboxes: 'process',
      slots: 1,
      running: 0,
      warm: 0,
      worktrees: 'checkout',
      note: null,
    } as const;
    await service.launcher.call('reportLauncher', { ...report, ready: true, reason: null });
    const told = await asked();
    expect(told.json).toMatchObject({ version: 1 });
    expect(told.headers.get('etag')).not.toBe(waiting.headers.get('etag'));
    // Lists have one too; errors, and what is no read, have none.
    const list = await send('/api/tasks', { headers: headersOf(owner) });
    const same = { ...headersOf(owner), 'if-none-match': list.headers.get('etag') ?? '' };
    expect((await send('/api/tasks', { headers: same })).status).toBe(304);
    const missing = await send(`/api/tasks/${randomUUID()}`, {
      headers: { ...headersOf(owner), 'if-none-match': '*' },
    });
    expect([missing.status, missing.headers.get('etag')]).toEqual([404, null]);
  });
});

describe('lists', () => {
  it('AC-12: every list comes by pages; what is added between two pages moves nothing', async () => {
    const { operator } = service;
    const mine = await service.newOwner();
    const launcherIds = Array.from({ length: 5 }, () => randomUUID());
    const state = {
      sandboxes: 'process',
      ready: true,
      reason: null,
      slots: 1,
      running: 0,
      warm: 0,
      note: null,
    } as const;
    const add = async (index: number): Promise<void> => {
      const project = await operator.call('createProject', { name: `project ${index} ${randomUUID()}` });
      await operator.call('createCoordinator', { name: `coordinator ${index}`, projectId: project.id });
      await operator.call('createToken', { role: 'mobile', label: `phone ${index}` });
      await newTask(mine, `task ${index}`);
      const id = launcherIds[index] ?? randomUUID();
      await service.launcher.call('reportLauncher', { ...state, id, host: `host-${index}`, worktrees: 'checkout' });
    };
    for (const index of [0, 1, 2]) await add(index);
    type Page = { rows: { key: string }[]; nextCursor: string | null };
    const lists: Record<string, (page: { cursor?: string; limit?: number }) => Promise<Page>> = {
      listTasks: async (page) => {
        const { tasks, nextCursor } = await mine.client.call('listTasks', page);
        return { rows: tasks.map(({ id }) => ({ key: id })), nextCursor };
      },
      listAgents: async (page) => {
        const { agents, nextCursor } = await operator.call('listAgents', page);
        return { rows: agents.map(({ taskId }) => ({ key: taskId })), nextCursor };
      },
      listProjects: async (page) => {
        const { projects, nextCursor } = await operator.call('listProjects', page);
        return { rows: projects.map(({ id }) => ({ key: id })), nextCursor };
      },
      listCoordinators: async (page) => {
        const { coordinators, nextCursor } = await operator.call('listCoordinators', page);
        return { rows: coordinators.map(({ id }) => ({ key: id })), nextCursor };
      },
      listTokens: async (page) => {
        const { tokens, nextCursor } = await operator.call('listTokens', page);
        return { rows: tokens.map(({ id }) => ({ key: id })), nextCursor };
      },
      listLaunchers: async (page) => {
        const { launchers, nextCursor } = await operator.call('listLaunchers', page);
        return { rows: launchers.map(({ id }) => ({ key: id })), nextCursor };
      },
    };
    // A list that is new and not looked at here fails the test. Two come whole: what they list is few by nature.
    const whole = ['listBreakers', 'listClients'];
    const listing = Object.keys(OPERATIONS).filter((name) => name.startsWith('list') && !whole.includes(name));
    expect(Object.keys(lists).toSorted()).toEqual(listing.toSorted());
    for (const [name, list] of Object.entries(lists)) {
      const before = (await list({})).rows.map(({ key }) => key);
      expect(before.length, name).toBeGreaterThanOrEqual(3);
      const seen: string[] = [];
      let cursor: string | null = null;
      do {
        const page: Page = await list({ limit: 2, ...(cursor === null ? {} : { cursor }) });
        seen.push(...page.rows.map(({ key }) => key));
        expect(page.rows.length, name).toBeLessThanOrEqual(2);
        if (cursor === null) await add(3);
        cursor = page.nextCursor;
      } while (cursor !== null);
      expect(new Set(seen).size, name).toBe(seen.length);
      expect(
        seen.filter((key) => before.includes(key)),
        name,
      ).toEqual(before);
      await expect(list({ cursor: 'eA' }), name).rejects.toMatchObject({ code: 'cursor_invalid' });
    }
    // A cursor of another coordinator's list is none of this one.
    const foreign = (await newTask()).id;
    await expect(mine.client.call('listTasks', { cursor: foreign })).rejects.toMatchObject({ code: 'cursor_invalid' });
  });

  it('AC-12: pages of tasks neither skip nor repeat while tasks are created at the same time', async () => {
    const mine = await service.newOwner();
    const first = await Promise.all(Array.from({ length: 30 }, () => newTask(mine)));
    const adding = Promise.all(Array.from({ length: 60 }, () => newTask(mine)));
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const page: { tasks: { id: string }[]; nextCursor: string | null } = await mine.client.call('listTasks', {
        limit: 3,
        ...(cursor === null ? {} : { cursor }),
      });
      seen.push(...page.tasks.map(({ id }) => id));
      cursor = page.nextCursor;
    } while (cursor !== null);
    await adding;
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen).toEqual(expect.arrayContaining(first.map(({ id }) => id)));
  });
});

describe('idempotency keys', () => {
  it('AC-14: every operation that makes or changes something takes a key: one effect, one answer', async () => {
    const { operator } = service;
    const writes = (Object.values(OPERATIONS) as Operation[]).filter(({ effect }) => effect !== 'read');
    // A wait, a question and a report have their requestId, a kept wait its id.
    expect(writes.filter(({ idempotencyKey }) => !idempotencyKey).map(({ name }) => name)).toEqual([
      'waitSignal',
      'readWait',
      'askQuestion',
      'makeReport',
    ]);

    const key = { idempotencyKey: 'once' };
    const count = async () => (await operator.call('listCoordinators', { limit: 200 })).coordinators.length;
    const before = await count();
    const input = { name: 'twice', projectId: service.projectId };
    const [one, other] = await Promise.all([
      operator.call('createCoordinator', input, key),
      operator.call('createCoordinator', input, key),
    ]);
    expect(other).toEqual(one);
    expect(await operator.call('createCoordinator', input, key)).toEqual(one);
    expect(await count()).toBe(before + 1);
    await expect(operator.call('createCoordinator', { ...input, name: 'x' }, key)).rejects.toMatchObject({
      code: 'idempotency_mismatch',
    });
    const token = await operator.call('createToken', { role: 'mobile' }, key);
    expect(await operator.call('createToken', { role: 'mobile' }, key)).toEqual(token);
    await new ApiClient({ baseUrl: service.url, token: token.token }).call('listAgents', {});
    const revoked = await operator.call('revokeToken', { id: token.info.id }, key);
    expect(await operator.call('revokeToken', { id: token.info.id }, key)).toEqual(revoked);
    const project = await operator.call('createProject', { name: 'keyed' }, key);
    expect(await operator.call('createProject', { name: 'keyed' }, key)).toEqual(project);
    const task = await newTask();
    const held = await operator.call('setControl', { id: task.id, holder: 'human' }, key);
    await operator.call('setControl', { id: task.id, holder: 'coordinator' });
    expect(await operator.call('setControl', { id: task.id, holder: 'human' }, key)).toEqual(held);
    expect(await owner.client.call('getTask', { id: task.id })).toMatchObject({ control: { holder: 'coordinator' } });
    // A key is its caller's own: somebody else's is another.
    const second = await service.newOwner();
    const [mine, theirs] = await Promise.all([
      owner.client.call('createTask', { name: 'x', prompt: 'x' }, key),
      second.client.call('createTask', { name: 'x', prompt: 'x' }, key),
    ]);
    expect(mine.id).not.toBe(theirs.id);
    for (const bad of ['x'.repeat(201), 'a b', 'é'])
      expect(
        await owner.client.call('createTask', { name: 'x', prompt: 'x' }, { idempotencyKey: bad }).catch(codeOf),
      ).toBe('validation_failed');
  });

  it('AC-14: a signal takes a key as well, and the key does not stand in for the done token', async () => {
    const task = await newTask();
    const runner = await PlayedRunner.start(service, task.id);
    await runner.acceptPrompts();
    const { subtaskToken, doneToken } = runner.assignment;
    const key = { idempotencyKey: 'signal' };
    const agent = (done: string) => new ApiClient({ baseUrl: service.url, token: subtaskToken, doneToken: done });
    const done = agent(doneToken).call('signalDone', { id: task.id }, key);
    await runner.publish(await runner.push('a.txt', 'a'));
    expect(await agent(doneToken).call('signalDone', { id: task.id }, key)).toEqual(await done);
    const stranger = agent(randomBytes(24).toString('base64url'));
    expect(await stranger.call('signalDone', { id: task.id }, key).catch(codeOf)).toBe('idempotency_mismatch');
    await runner.hangUp();
  });

  it('AC-15: answers with a secret are kept so that the store alone cannot tell it', async () => {
    const key = { idempotencyKey: 'secret' };
    const { token } = await service.operator.call('createToken', { role: 'mobile' }, key);
    const redis = new Redis(service.redis.connection);
    const kept = await Promise.all((await redis.keys('{rh}:idempotency:*')).map((name) => redis.get(name)));
    expect(kept.length).toBeGreaterThan(0);
    expect(kept.join().includes(token.slice(-43))).toBe(false);
    // Another secret under the same id cannot open it.
    const [name = ''] = await redis.keys('{rh}:idempotency:*createToken*:secret');
    const entry = JSON.parse((await redis.get(name)) ?? '') as { answer: { body: string } };
    entry.answer.body = Buffer.from(entry.answer.body, 'base64url').fill(7, 20, 24).toString('base64url');
    await redis.set(name, JSON.stringify(entry));
    redis.disconnect();
    expect(await service.operator.call('createToken', { role: 'mobile' }, key).catch(codeOf)).toBe(
      'idempotency_mismatch',
    );
  });
});

describe('limits', () => {
  it('AC-16: a token in a loop is told to wait, others and our own parts are not', async () => {
    const limited = await service.another({
      rateLimits: { ...DEFAULT_RATE_LIMITS, coordinator: 20, mobile: 1, address: 10 },
    });
    const at = (token: string, coordinatorId?: string) => new ApiClient({ baseUrl: limited.url, token, coordinatorId });
    const busy = at(owner.token, owner.id);
    const answers = await Promise.all(
      Array.from({ length: 25 }, () => busy.call('listTasks', {}).then(() => 'ok', codeOf)),
    );
    const expected = [...Array<string>(20).fill('ok'), ...Array<string>(5).fill('rate_limited')];
    expect(answers.toSorted()).toEqual(expected);
    const refused = await fetch(`${limited.url}/api/tasks`, { headers: headersOf(owner) });
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await refused.json()).toMatchObject({ error: { code: 'rate_limited', retry: true } });
    const other = await service.newOwner();
    await at(other.token, other.id).call('listTasks', {});
    const launcher = at(service.launcherToken);
    for (let call = 0; call < 60; call += 1) await launcher.call('reconcileAttempts', { sandboxes: [] });
    // Without a good token an address counts; a good one from there still works.
    const strangers = await Promise.all(
      Array.from({ length: 15 }, () => at('nonsense').call('whoami', {}).catch(codeOf)),
    );
    expect(strangers.filter((code) => code === 'unauthenticated')).toHaveLength(10);
    expect(strangers.filter((code) => code === 'rate_limited')).toHaveLength(5);
    expect((await fetch(`${limited.url}/nothing`)).status).toBe(429);
    await at(other.token, other.id).call('whoami', {});
    await limited.stop();
  });

  it('AC-17: a body that is too large is refused with its own code, by its length and by its bytes', async () => {
    const headers = { ...headersOf(owner), 'content-type': 'application/json' };
    const large = JSON.stringify({ name: 'x', prompt: 'x'.repeat(1_100_000) });
    expect(await send('/api/tasks', { method: 'POST', headers, body: large })).toMatchObject({
      status: 413,
      code: 'body_too_large',
    });
    // In pieces, without a length.
    const body = new ReadableStream({
      start(controller) {
        for (let piece = 0; piece < 40; piece += 1) controller.enqueue(Buffer.alloc(32_768, 0x20));
        controller.close();
      },
    });
    const inPieces = { method: 'POST', headers, body, duplex: 'half' } as RequestInit;
    expect(await send('/api/tasks', inPieces)).toMatchObject({ status: 413, code: 'body_too_large' });
    const long = { method: 'POST', headers, body: JSON.stringify({ name: 'x', prompt: 'x'.repeat(65_537) }) };
    expect(await send('/api/tasks', long)).toMatchObject({ status: 413, code: 'prompt_too_large' });
  });
});

describe('clients of another age', () => {
  it('AC-23: what a service or a client does not know is passed over', async () => {
    const body = JSON.stringify({ name: 'x', prompt: 'x', mood: 'new', limits: { attempts: 2, gpus: 8 } });
    const headers = { ...headersOf(owner), 'content-type': 'application/json' };
    const made = await send('/api/tasks?colour=blue', { method: 'POST', headers, body });
    expect(made).toMatchObject({ status: 201, json: { limits: { attempts: 2 } } });
    expect(made.text).not.toContain('mood');
    expect((await send('/api/tasks?limit=1&colour=blue', { headers: headersOf(owner) })).status).toBe(200);
    // The other way: an answer with fields of a later time.
    const task = OPERATIONS.getTask.output.parse({ ...made.json, later: true });
    expect(task).not.toHaveProperty('later');
  });

  it('AC-24: what is not there is a typed answer: route, method, version of the link', async () => {
    expect(await send('/api/v2/tasks', { headers: asOperator() })).toMatchObject({
      status: 404,
      code: 'route_not_found',
    });
    for (const [method, path, allow] of [
      ['PUT', '/api/tasks', 'POST, GET'],
      ['PATCH', `/api/tasks/${randomUUID()}`, 'GET, DELETE'],
      ['DELETE', '/api/events', 'GET'],
      ['OPTIONS', '/api/whoami', 'GET'],
    ]) {
      const answer = await send(path ?? '', { method: method ?? '', headers: asOperator() });
      expect([method, answer.status, answer.code]).toEqual([method, 405, 'method_not_allowed']);
      expect(answer.headers.get('allow')?.split(', ').toSorted()).toEqual(allow?.split(', ').toSorted());
    }
    const task = await newTask();
    const { runnerToken } = await service.launcher.call('claimAttempt', { taskId: task.id, attempt: 1 });
    const socket = new WebSocket(`${service.url.replace('http', 'ws')}/link`, 'roundhouse-link-99', {
      headers: { authorization: `Bearer ${runnerToken}` },
    });
    const [code, reason] = (await within(30_000, 'the end of the link', once(socket, 'close'))) as [number, Buffer];
    expect(code).toBe(LINK_PROTOCOL_ERROR);
    expect(reason.toString()).toBe(`this service speaks ${LINK_PROTOCOL}, not roundhouse-link-99`);
  });
});
