import { type Socket, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { ApiClient, ERRORS, OPERATIONS } from '@roundhouse/contracts';
import { within } from '@roundhouse/testkit';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PlayedRunner } from '../testing/played-runner.ts';
import { type Owner, type StartedCoordinator, startedCoordinator } from '../testing/started-coordinator.ts';

let service: StartedCoordinator;
let alice: Owner;
let bob: Owner;
beforeAll(async () => {
  service = await startedCoordinator();
  alice = await service.newOwner();
  bob = await service.newOwner();
});
afterAll(() => service.stop());

const STRANGE_ID = '1b4e28ba-2fa1-4d2e-883f-0016d3cca427';

async function send(method: string, path: string, init: { headers?: Record<string, string>; body?: unknown } = {}) {
  const headers: Record<string, string> = {
    authorization: `Bearer ${alice.token}`,
    'x-coordinator-id': alice.id,
    ...init.headers,
  };
  const body =
    init.body === undefined ? undefined : typeof init.body === 'string' ? init.body : JSON.stringify(init.body);
  if (body !== undefined) headers['content-type'] ??= 'application/json';
  const response = await fetch(service.url + path, { method, headers, ...(body === undefined ? {} : { body }) });
  const json = (await response.json()) as { error?: { code: string; hint: string } };
  return { status: response.status, code: json.error?.code, json, headers: response.headers };
}

/** A request as bytes, for what no client would send. */
function connectRaw(): Socket {
  const { hostname, port } = new URL(service.url);
  return connect(Number(port), hostname);
}

async function sendRaw(request: string): Promise<string> {
  const socket = connectRaw();
  socket.end(request);
  return text(socket);
}

describe('who may do what', () => {
  it('ID-1: another coordinator’s tasks are not there', async () => {
    const task = await bob.client.call('createTask', { name: 'bob’s', prompt: 'x' });
    const calls: [string, string, unknown?][] = [
      ['GET', `/api/tasks/${task.id}`],
      ['POST', `/api/tasks/${task.id}/prompt`, { prompt: 'x' }],
      ['POST', `/api/tasks/${task.id}/wait`, { timeoutMs: 0 }],
      ['GET', `/api/tasks/${task.id}/diff`],
      ['GET', `/api/tasks/${task.id}/output`],
      ['POST', `/api/tasks/${task.id}/merge`],
      ['POST', `/api/tasks/${task.id}/review-merge`],
      ['DELETE', `/api/tasks/${task.id}`],
    ];
    for (const [method, path, body] of calls) {
      expect([method, path, (await send(method, path, { body })).code]).toEqual([method, path, 'task_not_found']);
    }
    const listed = (await alice.client.call('listTasks', {})).tasks.map(({ id }) => id);
    expect(listed).not.toContain(task.id);
    const cursor = `${task.id}.${STRANGE_ID}`;
    expect((await send('POST', '/api/wait-signal', { body: { timeoutMs: 0, cursor } })).code).toBe('cursor_invalid');
    expect(await bob.client.call('getTask', { id: task.id })).toMatchObject({ version: task.version });
  });

  it('ID-2: the X-Coordinator-Id header must be there and be the token’s own', async () => {
    for (const id of [bob.id, 'x', '']) {
      const answer = await send('GET', '/api/tasks', { headers: { 'x-coordinator-id': id } });
      expect([id, answer.status, answer.code]).toEqual([id, 403, 'coordinator_mismatch']);
    }
    const absent = await fetch(`${service.url}/api/tasks`, { headers: { authorization: `Bearer ${alice.token}` } });
    expect(absent.status).toBe(403);
  });

  it('ID-12: self is what the token is bound to, in the header and in a sub-task’s paths, and nothing for others', async () => {
    const operator = { authorization: `Bearer ${service.operatorToken}`, 'x-coordinator-id': 'self' };
    expect((await send('GET', '/api/tasks', { headers: operator })).code).toBe('validation_failed');

    const one = await alice.client.call('createTask', { name: 'x', prompt: 'x' });
    const mine = await send('GET', `/api/tasks/${one.id}`, { headers: { 'x-coordinator-id': 'self' } });
    expect([mine.status, mine.json]).toMatchObject([200, { coordinatorId: alice.id }]);
    const theirs = { authorization: `Bearer ${bob.token}`, 'x-coordinator-id': 'self' };
    expect((await send('GET', `/api/tasks/${one.id}`, { headers: theirs })).code).toBe('task_not_found');
    const runner = await PlayedRunner.start(service, one.id);
    await runner.acceptPrompts();
    const { subtaskToken: token, doneToken } = runner.assignment;
    const agent = new ApiClient({ baseUrl: service.url, token, doneToken });
    expect(await agent.call('getInputs', { id: 'self' })).toMatchObject({ inputs: [] });
    await agent.call('makeReport', { id: 'self', kind: 'partial', text: 'half' });
    const said = agent.call('signalDone', { id: 'self' });
    await runner.publish(await runner.push('a.txt', 'a'));
    await said;
    const task = await alice.client.call('getTask', { id: one.id });
    expect([task.completion.state, task.reports.length]).toEqual(['signalled', 1]);
    const careless = new ApiClient({ baseUrl: service.url, token });
    await expect(careless.call('signalDone', { id: 'self' })).rejects.toMatchObject({ code: 'done_token_invalid' });
    expect((await send('GET', '/api/tasks/self')).code).toBe('validation_failed');
    expect((await send('POST', '/api/tasks/self/done')).code).toBe('forbidden');
    await runner.hangUp();
  });

  it('ID-3: a body never decides whose task it is', async () => {
    const body = { name: 'x', prompt: 'x', coordinatorTaskId: bob.id };
    expect(await send('POST', '/api/tasks', { body })).toMatchObject({ status: 403, code: 'coordinator_mismatch' });
    const own = await send('POST', '/api/tasks', { body: { ...body, coordinatorTaskId: alice.id } });
    expect(own.json).toMatchObject({ coordinatorId: alice.id });
  });

  it('ID-4: done and land need the done token of the attempt, and another task’s agent has no say', async () => {
    const [one, other] = await Promise.all(
      [1, 2].map(() => alice.client.call('createTask', { name: 'x', prompt: 'x' })),
    );
    if (one === undefined || other === undefined) throw new Error('no tasks');
    const runners = [await PlayedRunner.start(service, one.id), await PlayedRunner.start(service, other.id)] as const;
    const { subtaskToken, doneToken } = runners[0].assignment;
    expect(Buffer.from(doneToken, 'base64url')).toHaveLength(24);
    const theirs = runners[1].assignment;
    const asAgent = (done?: string) => new ApiClient({ baseUrl: service.url, token: subtaskToken, doneToken: done });
    for (const done of [undefined, 'x', theirs.doneToken]) {
      await expect(asAgent(done).call('signalDone', { id: one.id })).rejects.toMatchObject({
        code: 'done_token_invalid',
      });
      await expect(asAgent(done).call('landSelf', { id: one.id })).rejects.toMatchObject({
        code: 'done_token_invalid',
      });
    }
    await expect(asAgent(doneToken).call('signalDone', { id: other.id })).rejects.toMatchObject({
      code: 'task_not_found',
    });
    for (const runner of runners) await runner.hangUp();
  });

  it('ID-5: a phone reads agents and nothing else', async () => {
    const { token } = await service.operator.call('createToken', { role: 'mobile', label: 'phone' });
    const allowed: string[] = [];
    for (const [name, { method, path }] of Object.entries(OPERATIONS)) {
      const answer = await send(method, path.replace(':id', STRANGE_ID), {
        headers: { authorization: `Bearer ${token}` },
        ...(method === 'POST' ? { body: {} } : {}),
      });
      if (answer.code !== 'forbidden') allowed.push(name);
    }
    expect(allowed).toEqual(['listAgents', 'pair', 'whoami', 'getHealth']);
  });

  it('ID-6: tokens that were revoked, have expired, or whose attempt is over are refused', async () => {
    const { token, info } = await service.operator.call('createToken', { role: 'mobile', label: 'phone' });
    const phone = new ApiClient({ baseUrl: service.url, token });
    await phone.call('listAgents', {});
    await service.operator.call('revokeToken', { id: info.id });
    await expect(phone.call('listAgents', {})).rejects.toMatchObject({ code: 'unauthenticated' });

    const brief = await service.operator.call('createToken', { role: 'mobile', expiresInSeconds: 60 });
    const redis = new Redis(service.redis.connection);
    const past = { ...brief.info, expiresAt: '2020-01-01T00:00:00.000Z' };
    await redis.hset(`{rh}:token:${brief.info.id}`, 'info', JSON.stringify(past));
    redis.disconnect();
    await expect(
      new ApiClient({ baseUrl: service.url, token: brief.token }).call('listAgents', {}),
    ).rejects.toMatchObject({ code: 'unauthenticated' });

    const task = await alice.client.call('createTask', { name: 'x', prompt: 'x' });
    const runner = await PlayedRunner.start(service, task.id);
    const { subtaskToken, doneToken } = runner.assignment;
    await runner.report({ type: 'agent_exited', code: 0, signal: null });
    const agent = new ApiClient({ baseUrl: service.url, token: subtaskToken, doneToken });
    await expect(agent.call('signalDone', { id: task.id })).rejects.toMatchObject({ code: 'unauthenticated' });
    await runner.hangUp();
  });

  it('ID-8: no secret of any token is in Redis', async () => {
    const redis = new Redis(service.redis.connection);
    const dumped: string[] = [];
    for (const key of await redis.keys('*')) {
      if ((await redis.type(key)) === 'hash') dumped.push(JSON.stringify(await redis.hgetall(key)));
      if ((await redis.type(key)) === 'string') dumped.push((await redis.get(key)) ?? '');
    }
    redis.disconnect();
    const secretOf = (token: string): string => token.split('_').slice(3).join('_');
    expect(dumped.length).toBeGreaterThan(5);
    for (const token of [alice.token, bob.token, service.operatorToken])
      expect(dumped.join()).not.toContain(secretOf(token));
  });
});

describe('bad input', () => {
  it('ID-7: each bad request is a 4xx with a code of the table, and the process stays up', async () => {
    const task = await alice.client.call('createTask', { name: 'x', prompt: 'x' });
    const at = `/api/tasks/${task.id}`;
    const cases: [string, string, { headers?: Record<string, string>; body?: unknown }, number, string][] = [
      ['GET', '//', {}, 404, 'route_not_found'],
      ['GET', '/api/nothing', {}, 404, 'route_not_found'],
      ['POST', '/api/tasks/%/done', { body: {} }, 400, 'bad_request'],
      ['GET', '/api/tasks/x', {}, 400, 'validation_failed'],
      ['GET', '/api/tasks/6fa459ea-ee8a-11e9-81b4-2a2ae2dbcce4', {}, 400, 'validation_failed'],
      ['GET', `/api/tasks/${STRANGE_ID}`, {}, 404, 'task_not_found'],
      ['GET', '/api/tasks?limit=0', {}, 400, 'validation_failed'],
      ['GET', '/api/tasks?limit=1e3', {}, 400, 'validation_failed'],
      ['GET', '/api/tasks?cursor=x', {}, 400, 'cursor_invalid'],
      ['POST', '/api/tasks', { body: {} }, 400, 'validation_failed'],
      ['POST', '/api/tasks', { body: [] }, 400, 'validation_failed'],
      ['POST', '/api/tasks', { body: '"x"' }, 400, 'validation_failed'],
      ['POST', '/api/tasks', { body: '{' }, 400, 'bad_request'],
      ['POST', '/api/tasks', { body: 'x', headers: { 'content-type': 'text/plain' } }, 415, 'unsupported_media_type'],
      ['POST', '/api/tasks', { body: { name: 'x'.repeat(201), prompt: 'x' } }, 400, 'validation_failed'],
      ['POST', '/api/tasks', { body: { name: '\u0000', prompt: 'x' } }, 400, 'validation_failed'],
      ['POST', '/api/tasks', { body: { name: 'x', prompt: '' } }, 400, 'validation_failed'],
      [
        'POST',
        '/api/tasks',
        { body: { name: 'x', prompt: 'x', baseBranch: '--upload-pack=x' } },
        400,
        'validation_failed',
      ],
      ['POST', '/api/tasks', { body: { name: 'x', prompt: 'x', baseBranch: 'HEAD' } }, 400, 'validation_failed'],
      ['POST', '/api/tasks', { body: { name: 'x', prompt: 'x', baseBranch: 'FETCH_HEAD' } }, 400, 'branch_not_found'],
      ['POST', '/api/tasks', { body: { name: 'x', prompt: 'x', projectId: STRANGE_ID } }, 404, 'project_not_found'],
      ['POST', '/api/tasks', { body: { name: 'x', prompt: 'x', agent: { kind: 'rm' } } }, 400, 'validation_failed'],
      ['POST', '/api/tasks', { body: { name: 'x', prompt: 'x'.repeat(2_000_000) } }, 413, 'body_too_large'],
      ['POST', `${at}/prompt`, { body: { prompt: 5 } }, 400, 'validation_failed'],
      ['POST', `${at}/wait`, { body: { timeoutMs: 1e9 } }, 400, 'validation_failed'],
      ['GET', `${at}/diff`, {}, 409, 'nothing_published'],
      ['GET', `${at}/output?cursor=9.0`, {}, 400, 'cursor_invalid'],
      ['POST', `${at}/merge`, {}, 409, 'not_signalled'],
      ['POST', `${at}/review-merge`, { body: { reviewedCommit: 'x' } }, 400, 'validation_failed'],
      ['GET', '/api/tasks', { headers: { authorization: '' } }, 401, 'unauthenticated'],
      ['GET', '/api/tasks', { headers: { authorization: 'Bearer é' } }, 401, 'unauthenticated'],
      ['GET', '/api/tasks', { headers: { authorization: `Bearer ${alice.token}x` } }, 401, 'unauthenticated'],
      [
        'GET',
        '/api/tasks',
        { headers: { authorization: `Bearer ${alice.token.slice(0, -1)}` } },
        401,
        'unauthenticated',
      ],
      ['GET', '/api/tasks', { headers: { origin: 'http://evil.example' } }, 403, 'origin_refused'],
      ['POST', '/api/projects', { body: { path: '/' } }, 403, 'forbidden'],
      [
        'POST',
        '/api/tasks',
        { body: { name: 'x', prompt: 'x' }, headers: { 'idempotency-key': 'with space' } },
        400,
        'validation_failed',
      ],
    ];
    for (const [method, path, init, status, code] of cases) {
      const answer = await send(method, path, init);
      expect([method, path, answer.status, answer.code]).toEqual([method, path, status, code]);
      expect(Object.keys(ERRORS)).toContain(answer.code);
    }
    expect(await service.operator.call('getHealth', {})).toMatchObject({ status: 'ok' });
  });

  it('ID-7: requests that no client would send', async () => {
    const head = (request: string): Promise<string> => sendRaw(request).then((answer) => answer.split('\r\n')[0] ?? '');
    expect(await head('GET /api/health HTTP/1.1\r\nHost: [\r\nConnection: close\r\n\r\n')).toContain(' 400 ');
    expect(await head('GET /api/health HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n')).toContain(
      ' 400 ',
    );
    expect(await head('GET /api/health HTTP/1.1\r\nConnection: close\r\n\r\n')).toContain(' 400 ');
    expect(await head('NONSENSE\r\n\r\n')).toContain(' 400 ');
    expect(await head('GET /%zz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')).toContain(' 400 ');
    expect(await head(`GET /${'x'.repeat(20_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`)).toMatch(/ 4\d\d /);
    // Node gives up a connection that asks for an upgrade: nothing more would be answered on it, and nobody would close it.
    for (const path of ['/api/health', '/nowhere', '/%zz', '/link']) {
      const asked = `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n`;
      const socket = connectRaw();
      socket.write(asked);
      const answer = await within(20_000, `the end of ${path}`, text(socket));
      expect([path, answer.toLowerCase()]).toEqual([
        path,
        expect.stringMatching(/^http\/1.1 4\d\d .*connection: close/s),
      ]);
    }
    expect(await service.operator.call('getHealth', {})).toMatchObject({ status: 'ok' });
  });

  it('PR-2: a prompt of 64 KiB is taken, one byte more is a typed error', async () => {
    const make = (prompt: string) => alice.client.call('createTask', { name: 'x', prompt });
    expect((await make('é'.repeat(32_768))).prompts[0]).toMatchObject({ bytes: 65_536 });
    await expect(make(`${'é'.repeat(32_768)}x`)).rejects.toMatchObject({
      code: 'prompt_too_large',
      details: { bytes: 65_537 },
    });
  });

  it('TL-7: the same key is one task and one answer, also at once; another request with it is refused', async () => {
    const key = { idempotencyKey: 'create-1' };
    const input = { name: 'once', prompt: 'x' };
    const answers = await Promise.all(Array.from({ length: 5 }, () => alice.client.call('createTask', input, key)));
    expect(new Set(answers.map(({ id }) => id)).size).toBe(1);
    expect(await alice.client.call('createTask', input, key)).toEqual(answers[0]);
    await expect(alice.client.call('createTask', { ...input, name: 'other' }, key)).rejects.toMatchObject({
      code: 'idempotency_mismatch',
    });
    const id = answers[0]?.id ?? '';
    const receipts = await Promise.all(
      Array.from({ length: 3 }, () => alice.client.call('promptTask', { id, prompt: 'y' }, { idempotencyKey: 'p' })),
    );
    expect(new Set(receipts.map((receipt) => receipt.id)).size).toBe(1);
    // The stored answer is lost, as after a crash in between: the effect is still one.
    const redis = new Redis(service.redis.connection);
    await redis.del(...(await redis.keys('{rh}:idempotency:*')));
    redis.disconnect();
    expect((await alice.client.call('createTask', input, key)).id).toBe(id);
    expect((await alice.client.call('promptTask', { id, prompt: 'y' }, { idempotencyKey: 'p' })).id).toBe(
      receipts[0]?.id,
    );
    expect((await alice.client.call('getTask', { id })).prompts).toHaveLength(2);
    const [one, two] = await Promise.all(
      [1, 2].map(() => alice.client.call('closeTask', { id }, { idempotencyKey: 'c' })),
    );
    expect(one).toEqual(two);
    expect(one).toMatchObject({ outcome: 'closed' });
  });

  it('while a person holds control, prompts are held, landing and close are refused', async () => {
    const task = await alice.client.call('createTask', { name: 'x', prompt: 'x' });
    const { id } = task;
    await service.operator.call('setControl', { id, holder: 'human', forMs: 60_000 });
    expect(await alice.client.call('promptTask', { id, prompt: 'y' })).toMatchObject({ state: 'queued', held: true });
    await expect(alice.client.call('mergeTask', { id })).rejects.toMatchObject({ code: 'human_control' });
    await expect(alice.client.call('closeTask', { id })).rejects.toMatchObject({ code: 'human_control' });
    expect(await alice.client.call('waitForIdle', { id, timeoutMs: 1_000 })).toMatchObject({
      outcome: 'human_control',
    });
    await service.operator.call('setControl', { id, holder: 'coordinator' });
    expect(await alice.client.call('closeTask', { id })).toMatchObject({ outcome: 'closed' });
  });
});
