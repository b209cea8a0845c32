import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { McpServer, createMcpHandler } from '@modelcontextprotocol/server';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));

let folder: string;
let agent: ChildProcess;
let output = '';
let changed: () => void = () => undefined;
let exited: Promise<{ code: number | null; signal: string | null }>;

/** Starts the agent on pipes: its terminal is the runner's to test, what it does with a prompt is ours. */
function start(env: Record<string, string> = {}): void {
  output = '';
  const git = {
    GIT_AUTHOR_NAME: 'A',
    GIT_AUTHOR_EMAIL: 'a@x.invalid',
    GIT_COMMITTER_NAME: 'A',
    GIT_COMMITTER_EMAIL: 'a@x.invalid',
    GIT_CONFIG_GLOBAL: '/dev/null',
  };
  agent = spawn(process.execPath, [MAIN], {
    cwd: folder,
    env: { PATH: process.env['PATH'], ...git, ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  agent.stdout?.on('data', (data: Buffer) => {
    output += data.toString('utf8');
    changed();
  });
  exited = new Promise((resolve) => agent.once('close', (code, signal) => resolve({ code, signal })));
}

function until(text: string | RegExp): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`not within 15 s: ${String(text)} in ${output.slice(-1_000)}`)),
      15_000,
    );
    changed = () => {
      if (!(typeof text === 'string' ? output.includes(text) : text.test(output))) return;
      clearTimeout(timer);
      resolve();
    };
    changed();
  });
}

const say = (text: string): void => void agent.stdin?.write(`\u001b[200~${text}\u001b[201~\r`);
const IDLE = '\u001b]7501;state=idle\u001b\\';
const ERROR = '\u001b]7501;state=error\u001b\\';
const idles = (): number => output.split(IDLE).length - 1;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rh-scripted-'));
});

afterEach(async () => {
  agent.kill('SIGKILL');
  await exited;
  await rm(folder, { recursive: true, force: true });
});

describe('the scripted agent', () => {
  it('S-4: says that it waits, works, and waits again; edits, runs programs and commits', async () => {
    start();
    await until(IDLE);
    say(
      '@run git init\n@write dir/a.txt one\\ntwo\n@append dir/a.txt three\n@replace dir/a.txt "two" "2"\n@write b.txt <<X\n@literal\nX\n@commit all of it\n@delete b.txt\n@try false\n@print end',
    );
    await until(/exit code 1[\s\S]*end[\s\S]*state=idle/);
    expect(output).toContain('\u001b]7501;state=working\u001b\\');
    expect(await readFile(join(folder, 'dir/a.txt'), 'utf8')).toBe('one\n2\nthree\n');
    expect(output).toContain('all of it');
    expect(idles()).toBe(2);
  });

  it('S-5: an unknown or failing directive stops the prompt with the status error; the agent lives on', async () => {
    start();
    say('@print before\n@nonsense\n@print after');
    await until(ERROR);
    expect(output).toContain('there is no directive @nonsense');
    expect(output).not.toContain('after');
    say('@run false\n@print after');
    await until('@run: false ended with code 1');
    say('@commit nothing here');
    await until('@commit: git ended with code');
    say('@print alive');
    await until('alive');
  });

  it('S-6: asks, takes the next prompt as the answer, and goes on', async () => {
    start();
    say('@ask Sure: 100%? | yes | no, | \n@print asked');
    await until('state=blocked:kind=question:msg=Sure%3A%20100%25%3F:opts=yes|no%2C\u001b\\');
    say('no,');
    await until('answer: no,');
    await until('asked');
  });

  it('S-7: floods, prints its prompt’s digest, waits for files, and exits with a code', async () => {
    start();
    say('@flood 100000\n@prompt-sha\n@wait-file go 10000\n@exit 9');
    await until(/prompt sha256 [0-9a-f]{64} bytes 53/);
    expect(output.match(/\./g)?.length).toBeGreaterThan(98_000);
    await writeFile(join(folder, 'go'), '');
    expect(await exited).toEqual({ code: 9, signal: null });
  });

  it('S-8: ignores signals when told to, leaves an orphan behind, and crashes', async () => {
    start();
    say('@ignore TERM HUP\n@orphan 60000\n@print ready');
    await until('ready');
    const orphan = Number(/orphan (\d+)/.exec(output)?.[1]);
    agent.kill('SIGTERM');
    process.kill(orphan, 'SIGTERM');
    say('@print still here\n@crash');
    await until('still here');
    expect(await exited).toEqual({ code: null, signal: 'SIGKILL' });
    expect(() => process.kill(orphan, 0)).not.toThrow();
    process.kill(orphan, 'SIGKILL');
  });

  it('S-9: Ctrl-C ends a sleep', async () => {
    start();
    say('@sleep 600000');
    await until('> prompt');
    agent.stdin?.write('\u0003');
    await until(ERROR);
  });
});

describe('the scripted agent as an MCP client', () => {
  let server: Server;
  const seen: { authorization: string | undefined; doneToken: unknown; input: unknown }[] = [];

  beforeEach(async () => {
    seen.length = 0;
    const handler = createMcpHandler(() => {
      const mcp = new McpServer({ name: 'test', version: '1' });
      mcp.registerTool('signal_done', { description: 'done' }, () => ({
        content: [],
        structuredContent: { commit: 'abc' },
      }));
      mcp.registerTool('land_self', { description: 'land' }, () => ({
        isError: true,
        content: [],
        structuredContent: { error: { code: 'land_self_not_allowed' } },
      }));
      return mcp;
    });
    const serve = toNodeHandler(handler);
    server = createServer((request, response) => {
      seen.push({
        authorization: request.headers.authorization,
        doneToken: request.headers['x-done-token'],
        input: null,
      });
      void serve(request as Parameters<typeof serve>[0], response);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;
    const headers = { Authorization: 'Bearer the-token', 'X-Done-Token': 'the-done-token' };
    await writeFile(
      join(folder, 'mcp.json'),
      JSON.stringify({ mcpServers: { roundhouse: { type: 'http', url, headers } } }),
    );
  });

  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  it('S-10: calls signal_done with both tokens and prints the answer; prints a typed error and reports error', async () => {
    start({ ROUNDHOUSE_MCP_CONFIG: join(folder, 'mcp.json') });
    say('@done all is well\n@land');
    await until('signal_done {"commit":"abc"}');
    await until('land_self_not_allowed');
    await until(ERROR);
    expect(seen.every((call) => call.authorization === 'Bearer the-token' && call.doneToken === 'the-done-token')).toBe(
      true,
    );
    expect(output).not.toContain('the-token');
  });

  it('S-11: keeps what a tool answered, and speaks for its own task where it has two servers', async () => {
    const text = await readFile(join(folder, 'mcp.json'), 'utf8');
    const { mcpServers } = JSON.parse(text) as { mcpServers: { roundhouse: { url: string } } };
    const self = { ...mcpServers.roundhouse, headers: { Authorization: 'Bearer own', 'X-Done-Token': 'own done' } };
    await writeFile(
      join(folder, 'mcp.json'),
      JSON.stringify({ mcpServers: { ...mcpServers, 'roundhouse-self': self } }),
    );
    start({ ROUNDHOUSE_MCP_CONFIG: join(folder, 'mcp.json') });
    say('@call signal_done {}\n@let COMMIT commit\n@call signal_done {"summary":"$COMMIT"}');
    await until(new RegExp(`COMMIT = abc[\\s\\S]*signal_done [\\s\\S]*${IDLE.replace(/[\\[\]]/g, '\\$&')}`));
    expect(seen.every(({ authorization }) => authorization === 'Bearer the-token')).toBe(true);
    seen.length = 0;
    say('@done all is well');
    await until('> prompt, 17 bytes');
    await until(/signal_done [\s\S]*signal_done [\s\S]*signal_done /);
    expect(seen.every(({ authorization }) => authorization === 'Bearer own')).toBe(true);
    say('@call signal_done {"summary":"$NOTHING"}');
    await until('nothing was kept as NOTHING');
  });

  it('S-12: waits for prompts that have what it waits for, and carries none of them out', async () => {
    start({ ROUNDHOUSE_MCP_CONFIG: join(folder, 'mcp.json') });
    say('@call signal_done {}\n@let COMMIT commit\n@await-prompt 15000 $COMMIT two\n@print after');
    await until('COMMIT = abc');
    say('@exit 3 that is not a directive here');
    say('abc is one');
    await until('abc is one');
    expect(output).not.toContain('\nafter');
    say('and two');
    await until('after\n');
    say('@await-prompt 1 word');
    await until('no prompt had word in time');
  });

  it('S-10: says so where there is no server to call', async () => {
    start();
    say('@done');
    await until('there is no ROUNDHOUSE_MCP_CONFIG');
  });
});
