import {
  ACCESS,
  type AccessName,
  ApiClient,
  OPERATIONS,
  type Operation,
  type OperationName,
  Role,
  isPublic,
  pathParameters,
} from '@roundhouse/contracts';
import { exampleInput } from '@roundhouse/testkit';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApp } from '../app.ts';
import { PlayedRunner } from '../testing/played-runner.ts';
import { type Cast, castOf, pairedToken } from '../testing/cast.ts';
import { type StartedCoordinator, startedCoordinator } from '../testing/started-coordinator.ts';
import { MATRIX_ROUTES } from './known-routes.ts';

let service: StartedCoordinator;
let cast: Cast;
beforeAll(async () => {
  service = await startedCoordinator();
  cast = await castOf(service);
}, 60_000);
afterAll(async () => {
  await cast.end();
  await service.stop();
});

type Target = 'own' | 'foreign';
interface Answer {
  readonly status: number;
  readonly code: string | undefined;
  readonly text: string;
}

async function send(method: string, path: string, headers: Record<string, string>, body?: unknown): Promise<Answer> {
  const json = body === undefined ? {} : { body: JSON.stringify(body) };
  const type: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' };
  const response = await fetch(service.url + path, { method, headers: { ...type, ...headers }, ...json });
  const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') === true;
  const text = isStream ? await beginningOf(response) : await response.text();
  const parsed = text.startsWith('{') ? (JSON.parse(text) as { error?: { code: string } }) : {};
  return { status: response.status, code: parsed.error?.code, text };
}

/** A stream does not end by itself: what it says first is enough. */
async function beginningOf({ body }: Response): Promise<string> {
  const reader = body?.getReader();
  const { value } = (await reader?.read()) ?? { value: undefined };
  await reader?.cancel();
  return new TextDecoder().decode(value);
}

/** Calls an operation with a valid input, the parameters of its path in place. */
function call(operation: Operation, headers: Record<string, string>, known: Record<string, unknown>): Promise<Answer> {
  const rest = exampleInput(operation, known);
  let path = operation.path;
  for (const parameter of pathParameters(path)) {
    path = path.replace(`:${parameter}`, String(rest[parameter]));
    delete rest[parameter];
  }
  const query = new URLSearchParams(
    Object.entries(rest).map(([key, value]): [string, string] => [key, String(value)]),
  ).toString();
  if (operation.method === 'GET') return send('GET', query === '' ? path : `${path}?${query}`, headers);
  return send(operation.method, path, headers, operation.method === 'POST' ? rest : undefined);
}

const asRole = (role: Role): Record<string, string> => ({
  authorization: `Bearer ${cast.tokens[role]}`,
  ...(role === 'coordinator' ? { 'x-coordinator-id': cast.alice.id } : {}),
});

const freshTask = async (): Promise<string> =>
  (await cast.alice.client.call('createTask', { name: 'fresh', prompt: 'x' })).id;

/** What an id in a path stands for, whose it is, and how it is told that there is no such thing. */
async function idFor({ path, effect }: Operation, role: Role, target: Target): Promise<{ id: string; absent: string }> {
  if (path.startsWith('/api/tasks/')) {
    const absent = 'task_not_found';
    if (target === 'foreign') return { id: cast.bobsTask, absent };
    // What changes a task gets one of its own, so that each cell finds the same world. An agent has just its one.
    const shared = effect === 'read' || role === 'subtask' || role === 'runner';
    return { id: shared ? cast.task : await freshTask(), absent };
  }
  if (path.startsWith('/api/coordinators/')) {
    const absent = 'coordinator_not_found';
    if (target === 'own' && role !== 'operator') return { id: cast.alice.id, absent };
    if (target === 'foreign' && role !== 'operator') return { id: cast.bob.id, absent };
    return { id: (await service.newOwner()).id, absent };
  }
  if (path.startsWith('/api/waits/')) {
    const keeper = target === 'foreign' || role !== 'coordinator' ? cast.bob : cast.alice;
    const { id } = await keeper.client.call('keepWait', { wait: { operation: 'waitSignal', input: {} } });
    return { id, absent: 'wait_not_found' };
  }
  const { info } = await service.operator.call('createToken', { role: 'mobile' });
  return { id: info.id, absent: 'token_not_found' };
}

const REFUSALS = ['unauthenticated', 'forbidden', 'coordinator_mismatch', 'access_stopped', 'route_not_found'];

async function cell(name: OperationName, role: Role, target: Target): Promise<{ expected: string; found: string }> {
  const operation: Operation = OPERATIONS[name];
  const subject = operation.path.includes(':id') ? await idFor(operation, role, target) : null;
  const taskId = role === 'launcher' ? await freshTask() : cast.task;
  const known = {
    id: subject?.id,
    taskId,
    attempt: 1,
    timeoutMs: 0,
    name: `by ${role}`,
    pin: '000000',
    // No breaker of the agents that the other cells start.
    kind: name === 'makeReport' ? 'partial' : 'command',
    projectId: service.projectId,
  };
  const acting: Record<string, string> =
    role === 'operator' && name === 'createTask' ? { 'x-coordinator-id': cast.bob.id } : {};
  const given = Object.fromEntries(Object.entries(known).filter(([, value]) => value !== undefined));
  const answer = await call(operation, { ...asRole(role), ...acting }, given);
  const said = `${answer.status} ${answer.code ?? 'ok'}`;
  const reach = ACCESS[name][role];
  if (reach === 'none') return { expected: '403 forbidden', found: said };
  if (reach === 'own' && target === 'foreign' && subject !== null)
    return { expected: `404 ${subject.absent}`, found: said };
  // Let in: it worked, or the operation's own reason says why not.
  const refused = answer.code !== undefined && !operation.errors.some((code) => code === answer.code);
  const absent = answer.code === subject?.absent && subject !== null;
  if (refused || absent || REFUSALS.includes(answer.code ?? '')) return { expected: 'let in', found: said };
  // What she asked for herself, and was refused, stands in her own log.
  const told = name === 'readLog' ? answer.text.replaceAll(`"taskId":"${cast.bobsTask}"`, '') : answer.text;
  const leaked = reach === 'own' && [cast.bob.id, cast.bobsTask, cast.bobsProject].some((id) => told.includes(id));
  return { expected: 'nothing of a stranger’s', found: leaked ? answer.text.slice(0, 500) : 'nothing of a stranger’s' };
}

describe('the access matrix over HTTP', () => {
  it.each(Role.options)(
    'IA-1: every operation, own and foreign, as %s',
    async (role) => {
      const wrong: unknown[] = [];
      let cells = 0;
      for (const name of Object.keys(OPERATIONS) as OperationName[]) {
        for (const target of ['own', 'foreign'] as const) {
          const { expected, found } = await cell(name, role, target);
          if (expected !== found) wrong.push({ name, role, target, expected, found });
          cells += 1;
        }
      }
      expect(wrong).toEqual([]);
      expect(cells).toBe(2 * Object.keys(OPERATIONS).length);
    },
    120_000,
  );

  it('IA-1: every other route as every role, own and foreign', async () => {
    const wrong: unknown[] = [];
    const cells: [AccessName, string, string][] = [
      ['hubRead', 'GET', 'info/refs?service=git-upload-pack'],
      ['hubRead', 'POST', 'git-upload-pack'],
      ['hubWrite', 'GET', 'info/refs?service=git-receive-pack'],
      ['hubWrite', 'POST', 'git-receive-pack'],
    ];
    for (const role of Role.options) {
      for (const target of ['own', 'foreign'] as const) {
        const project = target === 'own' ? service.projectId : cast.bobsProject;
        for (const [name, method, rest] of cells) {
          const type: Record<string, string> =
            method === 'POST' ? { 'content-type': `application/x-${rest}-request` } : {};
          const { status, code } = await send(method, `/git/${project}.git/${rest}`, { ...asRole(role), ...type });
          const reads = ACCESS.hubRead[role];
          const here = ACCESS[name][role];
          // Whose hub it is not, that one is not told that there is one, whatever was asked.
          const expected =
            reads === 'own' && target === 'foreign'
              ? 'project_not_found'
              : here === 'none'
                ? 'ref_forbidden'
                : undefined;
          if (code !== expected) wrong.push({ role, target, name, method, expected, found: `${status} ${code ?? ''}` });
        }
      }
      // A link is a WebSocket: who is let in is told here that it must ask for one.
      const link = await send('GET', '/link', asRole(role));
      if ((link.code === 'forbidden') !== (ACCESS.link[role] === 'none') || link.code === 'unauthenticated')
        wrong.push({ role, name: 'link', found: link });
      const document = await send('GET', '/api/openapi.json', asRole(role));
      if (document.status !== 200) wrong.push({ role, name: 'openapiDocument', found: document.status });
    }
    expect(wrong).toEqual([]);
  }, 60_000);
});

/** Every route of the matrix, with something in the place of its parameters. */
const everyRoute = (): [AccessName, string, string][] =>
  [...MATRIX_ROUTES].map(([route, name]) => {
    const [method = '', path = ''] = route.split(' ');
    // Git says which of two services it means.
    const query = path.endsWith('/info/refs') ? '?service=git-upload-pack' : '';
    return [name, method, path.replace(':project', service.projectId).replace(':id', cast.task) + query];
  });

async function answersOf(headers: Record<string, string>): Promise<Record<string, string>> {
  const answers: Record<string, string> = {};
  for (const [name, method, path] of everyRoute()) {
    if (isPublic(name)) continue;
    const { status, code } = await send(method, path, headers);
    answers[`${method} ${path}`] = `${status} ${code ?? ''}`;
  }
  return answers;
}

const allAre = (answers: Record<string, string>, expected: string): void =>
  expect(Object.entries(answers).filter(([, answer]) => answer !== expected)).toEqual([]);

describe('tokens that are none', () => {
  it('IA-2: no token, a malformed one, a wrong secret, an unknown id, an expired and a revoked one, on every route', async () => {
    const expired = await service.operator.call('createToken', { role: 'operator', expiresInSeconds: 60 });
    const redis = new Redis(service.redis.connection);
    const past = { ...expired.info, expiresAt: '2020-01-01T00:00:00.000Z' };
    await redis.hset(`{rh}:token:${expired.info.id}`, 'info', JSON.stringify(past));
    redis.disconnect();
    const revoked = await service.operator.call('createToken', { role: 'operator' });
    await service.operator.call('revokeToken', { id: revoked.info.id });
    const good = service.operatorToken;
    const cases: Record<string, string | null> = {
      none: null,
      'of another scheme': `Digest ${good}`,
      empty: 'Bearer ',
      'of letters beyond ASCII': `Bearer ${good.slice(0, -1)}é`,
      'too long': `Bearer ${good}${'x'.repeat(5_000)}`,
      'too short': `Bearer ${good.slice(0, -1)}`,
      'of another role': `Bearer ${good.replace('rh_operator', 'rh_launcher')}`,
      'with a wrong secret': `Bearer ${good.slice(0, -43)}${'A'.repeat(43)}`,
      'with an unknown id': `Bearer ${good.replace(/_[0-9a-f]{32}_/, `_${'0'.repeat(32)}_`)}`,
      expired: `Bearer ${expired.token}`,
      revoked: `Bearer ${revoked.token}`,
    };
    for (const authorization of Object.values(cases)) {
      allAre(await answersOf(authorization === null ? {} : { authorization }), '401 unauthenticated');
    }
    for (const [name, method, path] of everyRoute())
      if (isPublic(name)) expect((await send(method, path, {})).status).toBe(200);
  }, 60_000);

  it('IA-3: the tokens of an attempt are over with it, on every route', async () => {
    const owner = await service.newOwner();
    const { id } = await owner.client.call('createTask', { name: 'x', prompt: 'x' });

    const runner = await PlayedRunner.start(service, id);
    const { subtaskToken } = runner.assignment;
    const agent = { authorization: `Bearer ${subtaskToken}` };
    expect((await send('GET', '/api/whoami', agent)).status).toBe(200);
    await runner.report({ type: 'agent_exited', code: 0, signal: null });
    allAre(await answersOf(agent), '401 unauthenticated');
    // The runner still has to keep the work; its own token is over when its sandbox is gone.
    expect((await send('GET', '/api/whoami', { authorization: `Bearer ${runner.token}` })).status).toBe(200);
    await service.launcher.call('reportGone', { taskId: id, attempt: 1, kept: null, reason: null });
    allAre(await answersOf({ authorization: `Bearer ${runner.token}` }), '401 unauthenticated');
    await runner.hangUp();
  }, 60_000);

  it('IA-4: with access stopped its coordinator and its phones hear access_stopped on every route, others do not', async () => {
    const owner = await service.newOwner();
    const phone = await pairedToken(service, owner);
    await service.operator.call('stopAccess', { id: owner.id });
    for (const token of [owner.token, phone]) {
      const headers = { authorization: `Bearer ${token}`, 'x-coordinator-id': owner.id };
      allAre(await answersOf(headers), '403 access_stopped');
    }
    expect(await cast.alice.client.call('getTask', { id: cast.task })).toMatchObject({ id: cast.task });
    await service.operator.call('startAccess', { id: owner.id });
    expect(await owner.client.call('listTasks', {})).toMatchObject({ tasks: [] });
    expect(await new ApiClient({ baseUrl: service.url, token: phone }).call('listTasks', {})).toMatchObject({
      tasks: [],
    });
  }, 60_000);
});

describe('routes', () => {
  const unused = {} as never;
  const app = () =>
    createApp({
      deps: { version: '0', log: pino({ level: 'silent' }) } as never,
      git: unused,
      calls: unused,
      log: pino({ level: 'silent' }),
      allowedHosts: [],
      rateLimits: null,
      eventStream: { heartbeatMs: 15_000, stallMs: 30_000 },
      stopping: new AbortController().signal,
    });

  it('IA-5: a route that the matrix does not know, or that claims another row, cannot be registered', async () => {
    const planted = await app();
    expect(() => planted.get('/api/planted', () => null)).toThrow('does not know the route GET /api/planted');
    const config = { access: 'getHealth' } as const;
    expect(() => planted.get('/api/planted', { config }, () => null)).toThrow('does not know the route');
    expect(() => planted.put('/api/health', { config }, () => null)).toThrow('does not know the route PUT /api/health');
    await planted.close();
  });

  it('IA-5: every row of the matrix has its route in the running service', async () => {
    const running = await app();
    await running.ready();
    const absent = [...MATRIX_ROUTES.keys()].filter((route) => {
      const [method = '', url = ''] = route.split(' ');
      return !running.hasRoute({ method, url });
    });
    expect(absent).toEqual([]);
    expect(new Set(MATRIX_ROUTES.values())).toEqual(new Set(Object.keys(ACCESS)));
    await running.close();
  });
});
