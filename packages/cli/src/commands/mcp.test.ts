import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import {
  type EmbeddedService,
  type ScratchRepository,
  type TemporaryFolder,
  scratchRepository,
  startEmbeddedService,
  temporaryFolder,
} from '@roundhouse/testkit';
import { parse as parseToml } from 'smol-toml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readConfig } from '../config.ts';
import { terminalOutput } from '../output.ts';
import { createProgram, overrideExits } from '../program.ts';

let repository: ScratchRepository;
let service: EmbeddedService;
let home: TemporaryFolder;
beforeAll(async () => {
  [repository, home] = await Promise.all([scratchRepository(), temporaryFolder()]);
  service = await startEmbeddedService({ repository: repository.path });
});
afterAll(async () => {
  await service.stop();
  await Promise.all([repository.remove(), home.remove()]);
});

/** The command line of somebody who has never used any of these clients; resolves with what it printed. */
async function roundhouse(...args: readonly string[]): Promise<string> {
  const config = readConfig({ PATH: process.env['PATH'], HOME: home.path }, false);
  let printed = '';
  const raw = (text: string): void => void (printed += text);
  const output = { ...terminalOutput(false), line: (text = '') => raw(`${text}\n`), note: () => undefined, raw };
  const program = createProgram({
    config,
    output: { ...output, json: (value) => raw(JSON.stringify(value)) },
    cwd: repository.path,
  });
  await overrideExits(program).parseAsync(['mcp', 'config', ...args, '--data', service.data], { from: 'user' });
  return printed;
}

/** How a client goes by its settings: the command and its arguments, or the address and its headers. */
interface Understood {
  readonly command?: readonly string[];
  readonly url?: string;
  readonly headers?: Record<string, string>;
}
type Entry = Record<string, unknown>;
const plain = ({ url, headers, command, args }: Entry): Understood =>
  command === undefined
    ? { url: url as string, headers: headers as Record<string, string> }
    : { command: [command as string, ...(args as string[])] };

const CLIENTS: readonly [string, string, string, (entry: Entry) => Understood][] = [
  ['claude', '.claude.json', 'mcpServers', plain],
  ['codex', '.codex/config.toml', 'mcp_servers', (entry) => plain({ ...entry, headers: entry['http_headers'] })],
  ['gemini', '.gemini/settings.json', 'mcpServers', plain],
  [
    'opencode',
    '.config/opencode/opencode.json',
    'mcp',
    (entry) => (entry['type'] === 'local' ? { command: entry['command'] as string[] } : plain(entry)),
  ],
  ['cursor', '.cursor/mcp.json', 'mcpServers', plain],
  ['vscode', '.config/Code/User/mcp.json', 'servers', plain],
];

async function toolsOf({ command, url, headers }: Understood): Promise<string[]> {
  const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode: 'auto' } });
  const [program = '', ...args] = command ?? [];
  const transport =
    url === undefined
      ? new StdioClientTransport({ command: program, args, stderr: 'ignore' })
      : new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers: headers ?? {} } });
  await client.connect(transport);
  try {
    return (await client.listTools()).tools.map(({ name }) => name);
  } finally {
    await client.close();
  }
}

describe('roundhouse mcp config', () => {
  it.each(CLIENTS)(
    'MC-1: what %s is given makes it a coordinator, over HTTP and as a program',
    async (name, path, section, understood) => {
      const file = join(home.path, path);
      for (const transport of ['http', 'stdio']) {
        const printed = await roundhouse('--client', name, '--transport', transport);
        await roundhouse('--client', name, '--transport', transport, '--write');
        const written = await readFile(file, 'utf8');
        expect(written).toBe(printed);
        expect((await stat(file)).mode & 0o777).toBe(0o600);
        const settings = (name === 'codex' ? parseToml(written) : JSON.parse(written)) as Record<string, Entry>;
        const entry = settings[section]?.['roundhouse'] as Entry;
        const way = understood(entry);
        expect(way.command === undefined ? 'http' : 'stdio').toBe(transport);
        if (transport === 'stdio') expect(written).not.toMatch(/rh_coordinator_/);
        expect(await toolsOf(way)).toEqual(expect.arrayContaining(['create_task', 'wait_for_signal_done']));
      }
      await roundhouse('--client', name, '--undo');
      await expect(stat(file)).rejects.toThrow(/ENOENT/);
    },
    60_000,
  );

  it('MC-2: for another coordinator a token is made, named so, and good for that one alone', async () => {
    const { coordinator } = await service.operator().call('createCoordinator', {
      name: 'second',
      projectId: service.addresses.project.id,
    });
    const answer = JSON.parse(await roundhouse('--client', 'claude', '--coordinator', coordinator.id, '--json')) as {
      tokenId: string;
      coordinatorId: string;
      written: boolean;
    };
    expect(answer).toMatchObject({ coordinatorId: coordinator.id, written: false });
    const { tokens } = await service.operator().call('listTokens', {});
    const made = tokens.find(({ id }) => id === answer.tokenId);
    expect(made).toMatchObject({
      label: 'mcp config for claude',
      identity: { role: 'coordinator', coordinatorId: coordinator.id },
    });
  });
});
