import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import {
  ApiClient,
  type Coordinator,
  type NotificationEntry,
  OPERATIONS,
  type OutputOf,
  PlacedEvent,
  type Task,
} from '@roundhouse/contracts';
import {
  type EmbeddedService,
  type ScratchRepository,
  scratchRepository,
  startEmbeddedService,
} from '@roundhouse/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const CLI = fileURLToPath(new URL('../../packages/cli/dist/bundle/main.js', import.meta.url));

let repository: ScratchRepository;
let service: EmbeddedService;
beforeAll(async () => {
  repository = await scratchRepository({ 'TODO.md': '- one\n- two\n' });
  service = await startEmbeddedService({ repository: repository.path });
});
afterAll(async () => {
  await service.stop();
  await repository.remove();
});

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function roundhouse(args: readonly string[], url = service.addresses.api): Promise<Outcome> {
  const all = [CLI, ...args, '--data', service.data, '--url', url];
  return new Promise((resolve) => {
    execFile(process.execPath, all, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

async function said(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await roundhouse(args);
  if (code !== 0) throw new Error(stderr);
  return stdout;
}

const client = () => service.coordinator();
const startTask = async (prompt: string) =>
  (await client().call('createTask', { name: 'a task', prompt, agent: { kind: 'scripted' } })).id;

describe('events', () => {
  it('AC-5: over MCP a wait reports progress, ends with the event, and can be given up', async () => {
    const mcp = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode: 'auto' } });
    const headers = { authorization: `Bearer ${service.addresses.coordinator.token}` };
    await mcp.connect(new StreamableHTTPClientTransport(new URL(service.addresses.mcp), { requestInit: { headers } }));
    type Answer = OutputOf<typeof OPERATIONS.waitForEvents>;
    const wait = async (input: object, options: Parameters<typeof mcp.callTool>[1] = {}): Promise<Answer> => {
      const result = await mcp.callTool({ name: 'wait_for_events', arguments: { ...input } }, options);
      return OPERATIONS.waitForEvents.output.parse(result.structuredContent);
    };
    const { cursor } = await wait({ timeoutMs: 0 });
    const gone = new AbortController();
    const givenUp = wait({ cursor, timeoutMs: 50_000 }, { signal: gone.signal }).catch(() => 'given up');
    let told = 0;
    const onprogress = (): void => void (told += 1);
    const waiting = wait({ cursor, kinds: ['signalled'], timeoutMs: 50_000 }, { onprogress });
    gone.abort();
    expect(await givenUp).toBe('given up');
    const id = await startTask('@write a.txt a\n@commit A\n@done A is there.');
    const answer = await waiting;
    expect(answer.events).toMatchObject([{ taskId: id, attempt: 1 }]);
    expect(answer.events[0]?.kinds).toContain('signalled');
    expect(told).toBeGreaterThan(0);
    // Whoever reads from the same place sees the way there, step by step.
    const all = await wait({ cursor, timeoutMs: 0 });
    // A notification tells of a version that an event before it brought about.
    const versions = all.events.filter(({ kinds }) => !kinds.includes('notification')).map(({ version }) => version);
    expect(versions).toEqual([...new Set(versions)].toSorted((a, b) => a - b));
    expect(all.events[0]).toMatchObject({ taskId: id, version: 1, kinds: ['created'] });
    await client().call('closeTask', { id });
    await mcp.close();
  });

  it('AC-10: the command prints what has happened, for people and for programs, and goes on from a cursor', async () => {
    const id = await startTask('@write b.txt b\n@commit B\n@done B is there.');
    await client().call('waitForIdle', { id, timeoutMs: 50_000 });
    await client().call('closeTask', { id });
    const short = id.slice(0, 8);
    const people = await roundhouse(['events', '--task', short]);
    expect(people.code).toBe(0);
    expect(people.stdout.split('\n')[0]).toMatch(new RegExp(`^20\\S+Z  ${short}  attempt 1  created$`));
    expect(people.stdout.trimEnd().split('\n').at(-1)).toContain('closed');
    const programs = await roundhouse(['events', '--task', id, '--kind', 'created', 'closed', '--json']);
    const events = programs.stdout
      .trimEnd()
      .split('\n')
      .map((line) => PlacedEvent.parse(JSON.parse(line)));
    expect(events.map(({ kinds }) => kinds[0])).toEqual(['created', 'closed']);
    const after = await roundhouse(['events', '--task', id, '--cursor', events[0]?.cursor ?? '', '--json']);
    expect(after.stdout.trimEnd().split('\n')).toHaveLength(people.stdout.trimEnd().split('\n').length - 1);
    expect(await roundhouse(['events', '--cursor', 'nothing'])).toMatchObject({ code: 2, stdout: '' });
  });

  it('AC-11: who waits for a task looks only when something has happened', async () => {
    const counted = await countingProxy(service.addresses.api);
    // Idle for good: it has nothing to do and has not signalled.
    const args = ['task', 'run', 'idle', '--agent', 'scripted', '--prompt', '@print hello', '--wait'];
    const idle = await roundhouse([...args, '--wait-timeout', '12s'], counted.url);
    expect(idle).toMatchObject({
      code: 7,
      stderr: expect.stringContaining('is idle, but has not signalled') as string,
    });
    expect(counted.looks()).toBeGreaterThan(0);
    expect(counted.looks()).toBeLessThanOrEqual(counted.answersWithEvents() + 1);
    const done = await roundhouse(
      [...args.slice(0, 6), '@write c.txt c\n@commit C\n@done C is there.', '--wait', '--json'],
      counted.url,
    );
    expect(done.code).toBe(0);
    expect(JSON.parse(done.stdout)).toMatchObject({ completion: { state: 'signalled' } });
    await counted.stop();
  });
});

const subTask = (name: string): string =>
  `@call create_task ${JSON.stringify({
    name,
    agent: { kind: 'scripted' },
    prompt: `@write ${name}.txt ${name}\n@commit Add ${name}\n@done ${name} is there`,
  })}`;

/** What a model would do of its own accord, told to an agent that has none. */
const WORK = [
  'work through TODO.md',
  '@run cat TODO.md',
  subTask('one'),
  '@let ONE id',
  subTask('two'),
  '@let TWO id',
  '@await-prompt 120000 $ONE $TWO',
  '@call merge_task {"taskId":"$ONE"}',
  '@call merge_task {"taskId":"$TWO"}',
  '@run git fetch origin main',
  '@run git merge FETCH_HEAD',
  '@run cat one.txt two.txt',
  '@write TODO.md nothing is left',
  '@commit Finish the list',
  '@done Both have landed.',
].join('\n');

describe('a hosted coordinator', () => {
  it('NO-17, NO-18: creates sub-tasks, is told of their end by typing, lands them and its own work, from the command line', async () => {
    const config = JSON.parse(await said('notifications', 'config', '--delay', '90s', '--json')) as unknown;
    expect(config).toEqual({ settings: { delaySeconds: 90, webhookUrl: null }, webhookSecret: null });
    const ended = JSON.parse(
      await said('coordinator', 'run', WORK, '--agent', 'scripted', '--wait', '--wait-timeout', '150s', '--json'),
    ) as { coordinator: Coordinator; task: Task };
    const { coordinator, task } = ended;
    expect(task).toMatchObject({ name: 'work through TODO.md', hosts: coordinator.id, settled: true });
    const hosted = new ApiClient({
      baseUrl: service.addresses.api,
      token: service.addresses.operatorToken,
      coordinatorId: coordinator.id,
    });
    const { tasks } = await hosted.call('listTasks', {});
    expect(tasks.map(({ name, landing }) => [name, landing.state]).toSorted()).toEqual([
      ['one', 'landed'],
      ['two', 'landed'],
    ]);
    // One prompt to begin with, and at least one that the service typed; each was taken.
    expect(task.prompts.length).toBeGreaterThan(1);
    expect(task.prompts.every(({ state }) => state === 'accepted')).toBe(true);
    const { text } = await service.coordinator().call('readOutput', { id: task.id });
    expect(text).toContain('[roundhouse notification]');
    // It was made on top of what its sub-tasks had landed.
    expect(text).toMatch(/cat one\.txt two\.txt\s+one\s+two\s/);

    // Beside what other tests have left.
    const listed = JSON.parse(await said('notifications', 'list', '--json')) as { entries: NotificationEntry[] };
    const own = listed.entries.find(({ taskId }) => taskId === task.id);
    expect(own).toMatchObject({ kind: 'finished', detail: 'Both have landed.' });
    expect(await said('notifications', 'list')).toContain(own?.id);
    expect(await said('notifications', 'ack', own?.id ?? '')).toContain('1 gone, ');
    expect(await said('notifications', 'drop', own?.id ?? '')).toContain('0 gone, ');
    expect(await said('notifications', 'drop')).toContain(', 0 left');

    const merged = await service.coordinator().call('mergeTask', { id: task.id });
    expect(merged.outcome).toBe('landed');
    await service.coordinator().call('closeTask', { id: task.id });
  });
});

/** Passes requests on, and counts what a waiting command asks for. */
async function countingProxy(target: string) {
  let looks = 0;
  let withEvents = 0;
  const pass = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = 'GET', url = '/' } = request;
    const body = await text(request);
    const { host: _host, connection: _connection, 'content-length': _length, ...headers } = request.headers;
    const answer = await fetch(new URL(url, target), {
      method,
      headers: headers as Record<string, string>,
      ...(method === 'POST' ? { body } : {}),
    });
    const answered = await answer.text();
    if (/^\/api\/tasks\/[^/]+\/wait$/.test(url)) looks += 1;
    if (url === '/api/wait-events' && answered.includes('"outcome":"events"')) withEvents += 1;
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(answered);
  };
  const server = createServer((request, response) => void pass(request, response).catch(() => response.destroy()));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    looks: () => looks,
    answersWithEvents: () => withEvents,
    async stop(): Promise<void> {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
