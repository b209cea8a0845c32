import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readStdioOptions, UsageError } from './stdio-arguments.ts';
import { COORDINATOR_ID, sampleTask, startContractServer, TASK_ID, TOKENS } from './testing/contract-server.ts';
import { toolsFor } from './tools.ts';

const MAIN = fileURLToPath(new URL('../dist/bundle/stdio-main.js', import.meta.url));
const environment = {
  ROUNDHOUSE_LOG_LEVEL: 'info',
  ROUNDHOUSE_TOKEN: TOKENS.coordinator,
  ROUNDHOUSE_URL: 'http://127.0.0.1:1',
} as const;

describe('the command line', () => {
  it.each(['--coordinator-id', '--task-id'])(
    'G-14: %s with a line break, or that is no UUID v4, is refused',
    (option) => {
      for (const id of [
        `${TASK_ID}\r\nX-Evil: 1`,
        `${TASK_ID}\n`,
        `\r${TASK_ID}`,
        'x',
        '',
        '22222222-2222-1222-8222-222222222222',
      ]) {
        expect(() => readStdioOptions([option, id], environment)).toThrow(UsageError);
      }
      expect(readStdioOptions([option, TASK_ID], environment)).toMatchObject({ url: environment.ROUNDHOUSE_URL });
    },
  );

  it('G-14: an unknown option, no address, no token are refused', () => {
    expect(() => readStdioOptions(['--nope'], environment)).toThrow(UsageError);
    expect(() => readStdioOptions(['--url', 'file:///x'], environment)).toThrow(UsageError);
    expect(() => readStdioOptions([], { ...environment, ROUNDHOUSE_TOKEN: '' })).toThrow(/token/);
  });
});

describe('the process', () => {
  let api: Awaited<ReturnType<typeof startContractServer>>;
  beforeEach(async () => {
    api = await startContractServer(() => ({ status: 200, body: sampleTask() }));
  });
  afterEach(() => api.stop());

  const run = async (args: string[], token: string): Promise<{ code: number | null; stderr: string }> => {
    const env = { PATH: process.env['PATH'], ROUNDHOUSE_TOKEN: token, ROUNDHOUSE_URL: api.url };
    const child: ChildProcess = spawn(process.execPath, [MAIN, ...args], { env, stdio: ['pipe', 'ignore', 'pipe'] });
    let stderr = '';
    child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString('utf8')));
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, stderr };
  };

  it('G-14: an id with a line break ends it with code 2 and one line', async () => {
    const { code, stderr } = await run(['--coordinator-id', `${COORDINATOR_ID}\r\n`], TOKENS.coordinator);
    expect(code).toBe(2);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });

  it('G-15: a refused token ends it with code 1 and one line, another task’s id with code 2', async () => {
    const refused = await run([], TOKENS.unknown);
    expect(refused.code).toBe(1);
    expect(refused.stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(refused.stderr).not.toContain(TOKENS.unknown);
    expect((await run(['--task-id', COORDINATOR_ID], TOKENS.subtask)).code).toBe(2);
  });

  it('G-15: serves tools over standard input and output, and ends when its input ends', async () => {
    const env = { PATH: process.env['PATH'] ?? '', ROUNDHOUSE_TOKEN: TOKENS.coordinator, ROUNDHOUSE_URL: api.url };
    const transport = new StdioClientTransport({ command: process.execPath, args: [MAIN], env, stderr: 'ignore' });
    const client = new Client({ name: 'test', version: '1' });
    await client.connect(transport);
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(toolsFor('coordinator', { tasks: false }).map(({ name }) => name));
    const result = await client.callTool({ name: 'get_task_status', arguments: { taskId: TASK_ID } });
    expect(result.structuredContent).toEqual(sampleTask());
    await client.close();
    expect(transport.pid).toBeNull();
  });
});
