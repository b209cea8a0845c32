import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { KeptWait } from '@roundhouse/contracts';
import { mcpRequest, type WireTask } from '@roundhouse/testkit';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Gateway, startGateway } from './http.ts';
import { ERAS } from './testing/clients.ts';
import { type Answer, sampleTask, type Seen, startContractServer, TASK_ID, TOKENS } from './testing/contract-server.ts';

const WAIT_ID = '44444444-4444-4444-8444-444444444444';
const NOTHING = { outcome: 'timeout', notice: null, redelivered: false, remaining: 1, cursor: '-' };
const CREATED = Date.now();
const at = (ms: number): string => new Date(CREATED + ms).toISOString();
const KEPT: KeptWait = {
  id: WAIT_ID,
  state: 'waiting',
  createdAt: at(0),
  updatedAt: at(0),
  until: at(3_600_000),
  forgottenAt: at(4_200_000),
  answer: null,
};
const found = { outcome: 'nothing_live', notice: null, redelivered: false, remaining: 0, cursor: '-' } as const;
const STDIO = fileURLToPath(new URL('../dist/bundle/stdio-main.js', import.meta.url));
const META = {
  _meta: {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': { extensions: { 'io.modelcontextprotocol/tasks': {} } },
  },
};
const failed = (code: string, status: number): Answer => ({
  status,
  body: { error: { code, message: 'no', hint: 'x', retry: false } },
});

let api: Awaited<ReturnType<typeof startContractServer>>;
let gateway: Gateway;
let kept: Answer;
let direct: Answer;

const startOne = (coordinatorUrl: string): Promise<Gateway> => {
  const config = {
    coordinatorUrl,
    host: '127.0.0.1',
    port: 0,
    allowedHosts: ['127.0.0.1'],
    logLevel: 'silent',
  } as const;
  return startGateway(config, pino({ level: 'silent' }));
};

beforeEach(async () => {
  kept = { status: 200, body: KEPT };
  direct = { status: 200, body: NOTHING };
  api = await startContractServer(({ url }: Seen) => {
    if (url === '/api/waits') return { status: 201, body: KEPT };
    return url.startsWith('/api/waits/') ? kept : direct;
  });
  gateway = await startOne(api.url);
});

afterEach(async () => {
  await gateway.stop();
  await api.stop();
});

const rpc = (method: string, params: Record<string, unknown>, options = {}) =>
  mcpRequest(`${gateway.url}/mcp`, TOKENS.coordinator, method, params, options);
const wait = (given: Record<string, unknown> = {}, options = {}) =>
  rpc('tools/call', { name: 'wait_for_signal_done', arguments: given }, options);
const begin = async (): Promise<WireTask> => (await wait()).result as unknown as WireTask;

describe('the Tasks extension, in the words of Claude Code', () => {
  it('MT-1: the server says that it has it, and a wait is answered with a task of the form that Claude reads', async () => {
    const { result } = await rpc('server/discover', {});
    expect(result).toMatchObject({ capabilities: { extensions: { 'io.modelcontextprotocol/tasks': {} } } });
    const task = await begin();
    expect(task).toMatchObject({
      resultType: 'task',
      status: 'working',
      createdAt: KEPT.createdAt,
      lastUpdatedAt: KEPT.updatedAt,
      ttlMs: 4_200_000,
    });
    expect(task.taskId).toMatch(/^[\x21-\x7e]{1,128}$/);
    // Claude polls no faster than each 250 ms.
    expect(task.pollIntervalMs).toBeGreaterThanOrEqual(250);
    const [look, keep] = api.seen;
    expect(look).toMatchObject({ url: '/api/wait-signal', body: { timeoutMs: 0 } });
    expect(keep).toMatchObject({ body: { wait: { operation: 'waitSignal', input: {} }, forMs: 3_600_000 } });

    const working = await rpc('tasks/get', { taskId: task.taskId });
    expect(working.result).toMatchObject({ resultType: 'complete', status: 'working', taskId: task.taskId });
    kept = { status: 200, body: { ...KEPT, state: 'answered', answer: found } };
    const done = (await rpc('tasks/get', { taskId: task.taskId })).result as unknown as WireTask;
    expect(done).toMatchObject({ status: 'completed', result: { structuredContent: found } });
    expect(JSON.parse(done.result?.content[0]?.text ?? '')).toEqual(found);
    direct = { status: 200, body: found };
    const asCall = (await wait({}, { tasks: false })).result as unknown as WireTask['result'];
    expect(done.result).toMatchObject({ content: asCall?.content, structuredContent: asCall?.structuredContent });
  });

  it('MT-1: each wait is kept with what it waits for; one of events from where the look ended', async () => {
    await wait({ timeoutMs: 20_000_000, cursor: 'c', requestId: WAIT_ID });
    direct = { status: 200, body: { outcome: 'timeout', events: [], cursor: '12-0', more: false } };
    await rpc('tools/call', { name: 'wait_for_events', arguments: { kinds: ['signalled'] } });
    const activity = { state: 'busy', evidence: 'status', question: null, at: at(0) };
    direct = { status: 200, body: { outcome: 'timeout', activity, task: sampleTask() } };
    await rpc('tools/call', { name: 'wait_for_idle', arguments: { taskId: TASK_ID } });
    const keeps = api.seen.filter(({ url }) => url === '/api/waits').map(({ body }) => body);
    expect(keeps).toEqual([
      { wait: { operation: 'waitSignal', input: { cursor: 'c', requestId: WAIT_ID } }, forMs: 20_000_000 },
      { wait: { operation: 'waitForEvents', input: { kinds: ['signalled'], cursor: '12-0' } }, forMs: 3_600_000 },
      { wait: { operation: 'waitForIdle', input: { id: TASK_ID } }, forMs: 3_600_000 },
    ]);
  });

  it('MT-2: what is there, and what is wrong, is answered directly', async () => {
    for (const timeoutMs of [-5, 3e9, '5', null, 1.5]) {
      const { result } = await wait({ timeoutMs });
      expect(result).toMatchObject({ isError: true, structuredContent: { error: { code: 'validation_failed' } } });
    }
    expect(api.seen).toEqual([]);
    expect((await wait({ timeoutMs: 0 })).result).toMatchObject({ structuredContent: NOTHING });
    direct = { status: 200, body: found };
    expect((await wait()).result).toMatchObject({ resultType: 'complete', structuredContent: found });
    direct = failed('cursor_invalid', 400);
    expect((await wait({ cursor: 'x' })).result).toMatchObject({ isError: true });
    expect(api.seen.some(({ url }) => url === '/api/waits')).toBe(false);
  });

  it('MT-3: who does not declare it is answered as ever, and has no tasks', async () => {
    const { result } = await wait({}, { tasks: false });
    expect(result).toMatchObject({ resultType: 'complete', structuredContent: NOTHING });
    const { taskId } = await begin();
    for (const method of ['tasks/get', 'tasks/update', 'tasks/cancel']) {
      const { status, error } = await rpc(method, { taskId, inputResponses: {} }, { tasks: false });
      expect([status, error?.code]).toEqual([400, -32021]);
      expect(error?.data).toMatchObject({
        requiredCapabilities: { extensions: { 'io.modelcontextprotocol/tasks': {} } },
      });
    }
    for (const method of ['tasks/result', 'tasks/list'])
      expect((await rpc(method, { taskId })).error?.code).toBe(-32601);
    type Listed = { name: string; inputSchema: { properties: { timeoutMs?: { maximum: number } } } }[];
    const limits = async (tasks: boolean) => {
      const listed = (await rpc('tools/list', {}, { tasks })).result?.['tools'] as Listed;
      return listed
        .filter(({ name }) => name.startsWith('wait_'))
        .map((it) => it.inputSchema.properties.timeoutMs?.maximum);
    };
    expect(await limits(false)).toEqual([55_000, 55_000, 55_000]);
    expect(await limits(true)).toEqual([21_600_000, 21_600_000, 21_600_000]);
  });

  it.each(ERAS)('MT-3: the library’s client of the era %s sees no change', async (_era, connect) => {
    const client = await connect(gateway.url, { authorization: `Bearer ${TOKENS.coordinator}` });
    direct = { status: 200, body: found };
    expect((await client.callTool('wait_for_signal_done', {})).structuredContent).toEqual(found);
    expect(api.seen.map(({ body }) => body)).toEqual([{}]);
    await client.close();
  });

  it('MT-3: in the older era there are no tasks', async () => {
    const response = await fetch(`${gateway.url}/mcp`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${TOKENS.coordinator}`,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'mcp-protocol-version': '2025-11-25',
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tasks/get', params: { taskId: WAIT_ID } }),
    });
    expect(await response.text()).toContain('-32601');
  });

  it('MT-5: a name that was made up, or is of nobody’s wait, is not found', async () => {
    const { taskId } = await begin();
    for (const name of ['x', WAIT_ID, `${WAIT_ID}.../..`, `${taskId}.x`, '.'.repeat(128)])
      for (const method of ['tasks/get', 'tasks/update', 'tasks/cancel'])
        expect((await rpc(method, { taskId: name, inputResponses: {} })).error?.code).toBe(-32602);
    kept = failed('wait_not_found', 404);
    for (const method of ['tasks/get', 'tasks/update', 'tasks/cancel'])
      expect((await rpc(method, { taskId, inputResponses: {} })).error?.code).toBe(-32602);
  });

  it('MT-8: cancelled is told as cancelled; an update is acknowledged', async () => {
    const { taskId } = await begin();
    expect((await rpc('tasks/update', { taskId, inputResponses: { x: {} } })).result).toMatchObject({
      resultType: 'complete',
    });
    kept = { status: 200, body: { ...KEPT, state: 'cancelled' } };
    expect((await rpc('tasks/cancel', { taskId })).result).toMatchObject({ resultType: 'complete' });
    expect(api.seen.at(-1)).toMatchObject({ method: 'DELETE', url: `/api/waits/${WAIT_ID}` });
    expect((await rpc('tasks/get', { taskId })).result).toMatchObject({ status: 'cancelled', taskId });
  });

  it('MT-6: while the coordinator is away a task is working; what it refuses is the result', async () => {
    const { taskId } = await begin();
    kept = { status: 503, body: { error: { code: 'stopping', message: 'no', hint: 'x', retry: true } } };
    expect((await rpc('tasks/get', { taskId })).result).toMatchObject({ status: 'working', pollIntervalMs: 5_000 });
    kept = failed('cursor_expired', 410);
    expect((await rpc('tasks/get', { taskId })).result).toMatchObject({
      status: 'completed',
      result: { isError: true, structuredContent: { error: { code: 'cursor_expired' } } },
    });
    await api.stop();
    const away = (await rpc('tasks/get', { taskId })).result as unknown as WireTask;
    expect(away).toMatchObject({ status: 'working', taskId, createdAt: KEPT.createdAt, ttlMs: 4_200_000 });
    expect((await rpc('tasks/cancel', { taskId })).error?.code).toBe(-32603);
    // The time of this one is over: nobody knows it any more.
    const old = taskId.replace(/\.[0-9a-z]{8}\./, '.00000001.');
    expect((await rpc('tasks/get', { taskId: old })).error?.code).toBe(-32602);
  });

  it('MT-1: over standard input and output as well', async () => {
    const env = { PATH: process.env['PATH'], ROUNDHOUSE_TOKEN: TOKENS.coordinator, ROUNDHOUSE_URL: api.url };
    const child = spawn(process.execPath, [STDIO], { env, stdio: ['pipe', 'pipe', 'ignore'] });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const ask = async (method: string, params: Record<string, unknown>): Promise<unknown> => {
      child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { ...params, ...META } })}\n`);
      return (JSON.parse((await lines.next()).value as string) as { result: unknown }).result;
    };
    const call = { name: 'wait_for_signal_done', arguments: {} };
    const { taskId } = (await ask('tools/call', call)) as WireTask;
    kept = { status: 200, body: { ...KEPT, state: 'answered', answer: found } };
    expect(await ask('tasks/get', { taskId })).toMatchObject({
      status: 'completed',
      result: { structuredContent: found },
    });
    const ended = once(child, 'exit');
    child.stdin.end();
    await ended;
  });

  it('MT-8: a client that goes while it asks cuts the question', async () => {
    const { taskId } = await begin();
    kept = 'hold';
    const leaving = new AbortController();
    const asked = rpc('tasks/get', { taskId }, { signal: leaving.signal }).catch(
      (error: unknown) => (error as Error).name,
    );
    await api.held;
    leaving.abort();
    expect(await asked).toBe('AbortError');
    await api.cut;
  });
});
