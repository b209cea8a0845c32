import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import {
  ACCESS,
  ApiClient,
  OPERATIONS,
  type Operation,
  type OperationName,
  type Role,
  uuidOfHex,
} from '@roundhouse/contracts';
import {
  type EmbeddedService,
  type ScratchRepository,
  eventually,
  exampleInput,
  scratchRepository,
  startEmbeddedService,
} from '@roundhouse/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const CLI = fileURLToPath(new URL('../../packages/cli/dist/bundle/main.js', import.meta.url));

let repository: ScratchRepository;
let service: EmbeddedService;
beforeAll(async () => {
  repository = await scratchRepository();
  service = await startEmbeddedService({ repository: repository.path });
});
afterAll(async () => {
  await service.stop();
  await repository.remove();
});

const apiOf = (token: string, coordinatorId?: string): ApiClient =>
  new ApiClient({ baseUrl: service.addresses.api, token, coordinatorId });
const idOf = (token: string): string => uuidOfHex(token.split('_')[2] ?? '');

interface Owner {
  readonly id: string;
  readonly token: string;
  readonly api: ApiClient;
}

async function newOwner(): Promise<Owner> {
  const input = { name: 'owner', projectId: service.addresses.project.id };
  const { coordinator, token } = await service.operator().call('createCoordinator', input);
  return { id: coordinator.id, token, api: apiOf(token, coordinator.id) };
}

/** A task whose agent is there and waits. */
async function runningTask({ api }: Owner): Promise<string> {
  const { id } = await api.call('createTask', { name: 'x', prompt: '@print ready', agent: { kind: 'scripted' } });
  await api.call('waitForIdle', { id, timeoutMs: 50_000 });
  return id;
}

async function agentOf(id: string): Promise<Record<string, string>> {
  const file = join(service.data, 'sandboxes', `run-${id}-1`, 'home', 'roundhouse-mcp.json');
  type File = { mcpServers: { roundhouse: { headers: Record<string, string> } } };
  return (JSON.parse(await readFile(file, 'utf8')) as File).mcpServers.roundhouse.headers;
}

interface Answer {
  readonly isError?: boolean;
  readonly structuredContent?: { readonly error?: { readonly code: string } };
}

async function connect(headers: Record<string, string>) {
  const client = new Client(
    { name: 'a-client', version: '3.1' },
    { versionNegotiation: { mode: { pin: '2026-07-28' } } },
  );
  const endpoint = new URL(service.addresses.mcp.replace(/(\/mcp)?$/, '/mcp'));
  await client.connect(new StreamableHTTPClientTransport(endpoint, { requestInit: { headers } }));
  return {
    tools: async () => (await client.listTools()).tools.map(({ name }) => name).sort(),
    call: async (name: string, input: Record<string, unknown>) =>
      (await client.callTool({ name, arguments: input })) as Answer,
    close: () => client.close(),
  };
}

const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });
const TOOLS = Object.entries(OPERATIONS).flatMap(([name, { tool }]) =>
  tool === null ? [] : [{ name: name as OperationName, tool }],
);

/** What the gateway itself answers to a request with this token, before any tool. */
async function atTheDoor(authorization: string): Promise<string> {
  const endpoint = service.addresses.mcp.replace(/(\/mcp)?$/, '/mcp');
  const answer = await fetch(endpoint, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }),
  });
  const text = await answer.text();
  const code = text.startsWith('{') ? (JSON.parse(text) as Answer['structuredContent'])?.error?.code : undefined;
  return `${answer.status} ${code ?? ''}`;
}

async function pairedToken(owner: Owner): Promise<string> {
  const { token } = await service.operator().call('createToken', { role: 'mobile' });
  const { pin } = await owner.api.call('createPairing', { id: owner.id });
  return (await apiOf(token).call('pair', { pin, coordinatorId: owner.id })).token;
}

describe('the access matrix over MCP', () => {
  it('IA-22: every tool as every role that has tools, own and foreign', async () => {
    const [alice, bob] = [await newOwner(), await newOwner()];
    const [hers, his] = [await runningTask(alice), await runningTask(bob)];
    const roles: [Role, Record<string, string>][] = [
      ['operator', { ...bearer(service.addresses.operatorToken), 'x-coordinator-id': alice.id }],
      ['coordinator', bearer(alice.token)],
      ['paired', bearer(await pairedToken(alice))],
      ['subtask', await agentOf(hers)],
    ];
    const wrong: unknown[] = [];
    let cells = 0;
    for (const [role, headers] of roles) {
      const client = await connect(headers);
      const mine = TOOLS.filter(({ name }) => ACCESS[name][role] !== 'none').map(({ tool }) => tool);
      expect([role, await client.tools()]).toEqual([role, mine.sort()]);
      for (const { name, tool } of TOOLS) {
        const operation: Operation = OPERATIONS[name];
        const ofTask = 'id' in operation.input.shape && ACCESS[name].subtask === 'none';
        for (const target of ['own', 'foreign'] as const) {
          const destroys = operation.effect === 'destructive' && ACCESS[name][role] !== 'none' && target === 'own';
          const subject =
            target === 'foreign'
              ? his
              : destroys
                ? (await alice.api.call('createTask', { name: 'y', prompt: '@print y' })).id
                : hers;
          const { id, ...input } = exampleInput(operation, { timeoutMs: 0, id: subject });
          const answer = await client.call(tool, ofTask ? { taskId: id, ...input } : input);
          const code = answer.structuredContent?.error?.code;
          const reach = ACCESS[name][role];
          // An operator that acts for a coordinator reaches what is that one's; a sub-task's own tools take no id.
          const absent = ofTask && target === 'foreign';
          const expected = reach === 'none' ? 'forbidden' : absent ? 'task_not_found' : 'let in';
          const letIn =
            code === undefined || (operation.errors as string[]).filter((it) => it !== 'task_not_found').includes(code);
          if (expected === 'let in' ? !letIn : code !== expected) wrong.push({ role, tool, target, expected, code });
          cells += 1;
        }
      }
      await client.close();
    }
    expect(wrong).toEqual([]);
    expect(cells).toBe(roles.length * TOOLS.length * 2);
    expect(JSON.stringify(await bob.api.call('getTask', { id: his }))).not.toContain('"closing":{');
  });

  it('IA-22: the roles without tools, and tokens that are none, are refused at the door', async () => {
    const { token: mobile } = await service.operator().call('createToken', { role: 'mobile' });
    const launcher = (await readFile(join(service.data, 'secrets', 'launcher-token'), 'utf8').catch(() => '')).trim();
    for (const token of [mobile, launcher].filter((it) => it !== ''))
      expect(await atTheDoor(`Bearer ${token}`)).toBe('403 forbidden');
    const owner = await newOwner();
    const revoked = await service.operator().call('createToken', { role: 'coordinator', coordinatorId: owner.id });
    await service.operator().call('revokeToken', { id: revoked.info.id });
    const rotated = await service.operator().call('createToken', { role: 'coordinator', coordinatorId: owner.id });
    await service.operator().call('rotateToken', { id: rotated.info.id });
    const good = owner.token;
    const wrongSecret = `${good.slice(0, -43)}${'A'.repeat(43)}`;
    const tooLong = `${good}${'x'.repeat(5_000)}`;
    for (const token of [revoked.token, rotated.token, wrongSecret, tooLong, `${good.slice(0, -1)}é`, ''])
      expect([token.length, await atTheDoor(`Bearer ${token}`)]).toEqual([token.length, '401 unauthenticated']);
    await service.operator().call('stopAccess', { id: owner.id });
    expect(await atTheDoor(`Bearer ${good}`)).toBe('403 access_stopped');
  });

  it('IA-7: a wait over MCP ends with its token, and its client was listed', async () => {
    const owner = await newOwner();
    await runningTask(owner);
    const client = await connect(bearer(owner.token));
    const wait = client.call('wait_for_signal_done', { timeoutMs: 50_000 });
    await eventually('an open wait', 20_000, async () =>
      (await service.operator().call('getAccess', { id: owner.id })).openWaits === 1 ? true : undefined,
    );
    const { clients } = await service.operator().call('listClients', { id: owner.id });
    expect(clients).toContainEqual(
      expect.objectContaining({ transport: 'mcp-http', name: 'a-client', version: '3.1' }),
    );
    // Nothing of its answer was out yet, so that it can still be what HTTP says of a token that is no good.
    const refused = expect(wait).rejects.toMatchObject({ status: 401, message: expect.stringContaining('revoked') });
    await service.operator().call('revokeToken', { id: idOf(owner.token) });
    await refused;
    await client.close();
  });
});

describe('the life of the gateway', () => {
  it('IA-23: kill -9 of coordinator and gateway: coordinators, tasks, tokens, addresses and stops are there again', async () => {
    const [owner, stopped] = [await newOwner(), await newOwner()];
    const id = await runningTask(owner);
    const phone = apiOf(await pairedToken(owner));
    await service.operator().call('stopAccess', { id: stopped.id });
    const before = await owner.api.call('listTasks', {});
    const { subtask, done } = await agentOf(id).then((headers) => ({
      subtask: (headers['Authorization'] ?? headers['authorization'] ?? '').replace('Bearer ', ''),
      done: headers['X-Done-Token'],
    }));
    await service.killAndAwaitRestart('coordinator');
    await service.killAndAwaitRestart('mcp-gateway');

    const known = (await service.operator().call('listCoordinators', {})).coordinators.map((it) => it.id);
    expect(known).toEqual(expect.arrayContaining([owner.id, stopped.id]));
    expect((await owner.api.call('listTasks', {})).tasks.map((it) => it.id)).toEqual(before.tasks.map((it) => it.id));
    expect(await phone.call('getTask', { id })).toMatchObject({ lifecycle: { state: 'running' } });
    await expect(stopped.api.call('listTasks', {})).rejects.toMatchObject({ code: 'access_stopped' });
    const client = await connect(bearer(owner.token));
    expect(await client.call('get_task_status', { taskId: id })).toMatchObject({ structuredContent: { id } });
    await client.close();
    const agent = new ApiClient({ baseUrl: service.addresses.api, token: subtask, doneToken: done });
    expect(await agent.call('whoami', {})).toMatchObject({ role: 'subtask', taskId: id });
  });
});

describe('on the command line', () => {
  const run = async (...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> => {
    const all = [CLI, ...args, ...(args[1] === 'verify' ? [] : ['--data', service.data])];
    try {
      return { code: 0, ...(await promisify(execFile)(process.execPath, all, { maxBuffer: 64 * 1024 * 1024 })) };
    } catch (error) {
      return error as { code: number; stdout: string; stderr: string };
    }
  };

  it('IA-24: a coordinator’s access is shown, stopped and started, its clients and calls listed, a phone paired', async () => {
    const owner = await newOwner();
    await owner.api.call('listTasks', {});
    expect((await run('coordinator', 'access', owner.id)).stdout).toContain('access      on since ');
    expect((await run('coordinator', 'stop', owner.id)).stdout).toContain('access      off since ');
    await expect(owner.api.call('listTasks', {})).rejects.toMatchObject({ code: 'access_stopped' });
    expect((await run('coordinator', 'start', owner.id)).stdout).toContain('access      on since ');
    expect((await run('coordinator', 'clients', owner.id)).stdout).toContain('node');
    const log = (await run('coordinator', 'log', owner.id, '--limit', '10')).stdout;
    expect(log).toContain('listTasks');
    expect(log).toContain('access_stopped');
    const pin = (await run('coordinator', 'pair', owner.id)).stdout.trim();
    const made = await run('token', 'create', '--role', 'mobile', '--qr');
    const [token = '', ...code] = made.stdout.trimEnd().split('\n');
    expect(code.length).toBeGreaterThan(15);
    expect((await apiOf(token).call('pair', { pin })).info.identity).toEqual({
      role: 'paired',
      coordinatorId: owner.id,
    });
    expect((await run('token', 'create', '--role', 'operator', '--qr')).code).toBe(2);
    const rotated = await run('token', 'rotate', idOf(owner.token), '--grace', '60');
    expect(await apiOf(rotated.stdout.trim(), owner.id).call('whoami', {})).toMatchObject({ coordinatorId: owner.id });
    expect(await owner.api.call('whoami', {})).toMatchObject({ coordinatorId: owner.id });
    expect((await run('coordinator', 'access', idOf(token))).code).toBe(4);
  });

  it('IA-24: the audit is exported and verified; one altered entry is named, and the exit code is 1', async () => {
    const exported = await run('audit', 'export');
    const lines = exported.stdout.trimEnd().split('\n');
    expect(lines.length).toBeGreaterThan(20);
    expect(exported.stdout).not.toMatch(/rh_[a-z]+_/);
    const file = join(service.data, 'audit.jsonl');
    await writeFile(file, exported.stdout);
    const good = await run('audit', 'verify', file);
    expect(good).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(`${lines.length} entries, 1 to `) as string,
    });
    const { hash } = JSON.parse(lines.at(-1) ?? '') as { hash: string };
    expect((await run('audit', 'verify', file, '--expect', hash)).code).toBe(0);
    expect((await run('audit', 'verify', file, '--expect', '0'.repeat(64))).code).toBe(1);
    const fifth = JSON.parse(lines[4] ?? '') as object;
    await writeFile(
      file,
      [...lines.slice(0, 4), JSON.stringify({ ...fifth, outcome: 'altered' }), ...lines.slice(5)].join('\n'),
    );
    const broken = await run('audit', 'verify', file);
    expect(broken).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('line 5, entry 5: it was altered') as string,
    });
    const after = await run('audit', 'export', '--after', '10');
    expect(JSON.parse(after.stdout.split('\n')[0] ?? '')).toMatchObject({ seq: 11 });
  });
});
