import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ApiClient, OPERATIONS, type OperationName, pathParameters } from '@roundhouse/contracts';
import { EXAMPLES } from '@roundhouse/contracts/examples/index';
import {
  type EmbeddedService,
  type ScratchRepository,
  processTable,
  scratchRepository,
  startEmbeddedService,
} from '@roundhouse/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** What every token of ours looks like, and the done token of the task under test beside it. */
const TOKEN = /rh_(?:operator|coordinator|subtask|mobile|paired|runner|launcher)_[0-9a-f]{32}_/;

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

interface AgentTokens {
  readonly subtask: string;
  readonly done: string;
}

const sandboxOf = (id: string): string => join(service.data, 'sandboxes', `run-${id}-1`);

/** The tokens that an agent is given, read where it reads them. */
async function tokensOf(id: string): Promise<AgentTokens> {
  const text = await readFile(join(sandboxOf(id), 'home', 'roundhouse-mcp.json'), 'utf8');
  const { headers } = (JSON.parse(text) as { mcpServers: { roundhouse: { headers: Record<string, string> } } })
    .mcpServers.roundhouse;
  return { subtask: headers['Authorization']?.replace('Bearer ', '') ?? '', done: headers['X-Done-Token'] ?? '' };
}

async function filesBelow(folder: string): Promise<string[]> {
  const rows = await readdir(folder, { recursive: true, withFileTypes: true });
  return rows.filter((row) => row.isFile()).map((row) => join(row.parentPath, row.name));
}

async function runningTask(prompt: string): Promise<string> {
  const { id } = await service
    .coordinator()
    .call('createTask', { name: 'a task', prompt, agent: { kind: 'scripted' } });
  await service.coordinator().call('waitForIdle', { id, timeoutMs: 50_000 });
  return id;
}

describe('secrets', () => {
  it('ID-9: no token is in arguments, logs, the worktree, the recording or the hub', async () => {
    const id = await runningTask('@write a.txt x\n@run git fetch origin\n@commit A\n@done A.');
    const { done, subtask } = await tokensOf(id);
    expect(subtask).toMatch(TOKEN);
    const secrets = (text: string): boolean => TOKEN.test(text) || text.includes(done);

    const commands = (await processTable()).map(({ command }) => command);
    expect(commands.some((command) => command.includes('services/runner/dist/bundle/main.js'))).toBe(true);
    expect(commands.filter(secrets)).toEqual([]);
    const places = [join(sandboxOf(id), 'worktree'), join(service.data, 'coordinator')];
    for (const place of places) {
      const files = await filesBelow(place);
      expect(files.length).toBeGreaterThan(3);
      for (const file of files) expect([file, secrets(await readFile(file, 'latin1'))]).toEqual([file, false]);
    }
    expect(secrets(await readFile(join(sandboxOf(id), 'runner.log'), 'utf8'))).toBe(false);
    await service.coordinator().call('mergeTask', { id });
    await service.coordinator().call('closeTask', { id });
    expect(secrets(service.log)).toBe(false);
    const hub = join(service.data, 'coordinator', 'hubs', `${service.addresses.project.id}.git`);
    // Objects are deflated: git shows what is in them.
    const objects = await repository.git('--git-dir', hub, 'cat-file', '--batch-all-objects', '--batch');
    expect(objects).toContain('commit');
    expect(secrets(objects)).toBe(false);
  });

  it('ID-10: an agent’s tokens are good for its own attempt and nothing else', async () => {
    const [mine, other] = [await runningTask('@print ready'), await runningTask('@print ready')];
    const { subtask, done } = await tokensOf(mine);
    const agent = new ApiClient({ baseUrl: service.addresses.api, token: subtask, doneToken: done });
    for (const call of ['signalDone', 'landSelf'] as const) {
      await expect(agent.call(call, { id: other })).rejects.toMatchObject({ code: 'task_not_found' });
    }
    const allowed: string[] = [];
    for (const [name, { method, path }] of Object.entries(OPERATIONS)) {
      const keys = pathParameters(path);
      const url = service.addresses.api + keys.reduce((text, key) => text.replace(`:${key}`, other), path);
      // What a well-formed call carries, so that nothing but whose it is can be wrong with it.
      const { request = {} } = EXAMPLES[name as OperationName] ?? {};
      const body = Object.fromEntries(Object.entries(request).filter(([key]) => !keys.includes(key)));
      const headers = { authorization: `Bearer ${subtask}`, 'x-done-token': done, 'content-type': 'application/json' };
      const answer = await fetch(
        url,
        method === 'POST'
          ? { method, headers, body: JSON.stringify(body) }
          : { method, headers: { authorization: headers.authorization } },
      );
      if (answer.status !== 403 && answer.status !== 404) allowed.push(name);
    }
    expect(allowed).toEqual(['whoami', 'getHealth']);
    for (const id of [mine, other]) await service.coordinator().call('closeTask', { id });
    await expect(agent.call('signalDone', { id: mine })).rejects.toMatchObject({ code: 'unauthenticated' });
  });
});
