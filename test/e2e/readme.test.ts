import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { type TemporaryFolder, lineMatching, temporaryFolder, within } from '@roundhouse/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const FENCE = /^```sh\n([\s\S]*?)^```$/gm;
const JSON_START = /^npm start .*--json/;

/** Every command of a page: the lines of its `sh` blocks. */
async function commandsOf(page: string): Promise<string[]> {
  const text = await readFile(`${ROOT}${page}`, 'utf8');
  return [...text.matchAll(FENCE)].flatMap(([, block = '']) => block.split('\n').filter((line) => line !== ''));
}

let home: TemporaryFolder;
let commands: string[];
beforeAll(async () => {
  home = await temporaryFolder();
  const docs = (await readdir(`${ROOT}docs`)).filter((name) => name.endsWith('.md'));
  commands = (await Promise.all(['README.md', ...docs.map((name) => `docs/${name}`)].map(commandsOf))).flat();
});
afterAll(() => home.remove());

/** Runs a command as a person types it: in the checkout, in bash, with a home of its own. */
function type(command: string): ChildProcess {
  const { XDG_DATA_HOME: _data, ...environment } = process.env;
  // The cache stays: the Redis in it may have been fetched from the distribution, and one fetch a machine is enough.
  const cache = process.env['XDG_CACHE_HOME'] ?? `${process.env['HOME'] ?? ''}/.cache`;
  return spawn('bash', ['-c', `exec ${command}`], {
    cwd: ROOT,
    env: { ...environment, HOME: home.path, XDG_CACHE_HOME: cache, npm_config_cache: `${home.path}/npm` },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

async function finish(child: ChildProcess, ms: number): Promise<{ code: number | null; said: string }> {
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const [code] = (await within(ms, 'the end of a command', once(child, 'exit'))) as [number | null];
  return { code, said };
}

describe('every command of the README', () => {
  it('K-13: what needs Docker or makes reports is run elsewhere, and nothing else is left out', async () => {
    const text = await readFile(`${ROOT}README.md`, 'utf8');
    const elsewhere = [...text.matchAll(/^```console\n([\s\S]*?)^```$/gm)].flatMap(([, block = '']) =>
      block.split('\n').filter((line) => line !== ''),
    );
    expect(elsewhere).toEqual([
      // agents/claude.test.ts
      expect.stringMatching(/^npx roundhouse task run "notes" --agent claude /),
      // compose.test.ts
      'docker compose up --detach',
      'docker compose run --rm cli demo',
      // run-plan.test.ts
      'npx roundhouse run --plan deploy/ci/plan.yaml --junit report.xml',
    ]);
  });

  it('K-13, RA-17: a recording is read as docs/adding-an-agent.md says', async () => {
    const command = commands.find((one) => one.startsWith('npm run agents:replay')) ?? 'false';
    const { code, said } = await finish(type(command), 90_000);
    expect([code, said]).toEqual([0, expect.stringContaining('waiting_input: precision 1, recall 1')]);
  });

  it('K-13, C-13: npm run demo shows the whole path and ends well', async () => {
    expect(commands).toContain('npm run demo');
    const { code, said } = await finish(type('npm run demo'), 90_000);
    expect([code, said.slice(-2_000)]).toEqual([0, expect.stringContaining('Nothing is left running')]);
  });

  it('K-13, B-8: npm start, and the commands for a shell while it runs', async () => {
    expect(commands).toContain('npm start');
    const service = type('npm start');
    try {
      if (service.stdout === null) throw new Error('no output');
      await lineMatching(service.stdout, /roundhouse mcp config --client/, 60_000);
      const others = commands.filter(
        (command) => !['npm run demo', 'npm start'].includes(command) && !JSON_START.test(command),
      );
      expect(others.length).toBeGreaterThan(2);
      for (const command of others) {
        const { code, said } = await finish(type(command), 60_000);
        expect([command, code, said]).toEqual([command, 0, expect.any(String)]);
      }
    } finally {
      service.kill('SIGINT');
      expect((await finish(service, 40_000)).code).toBe(0);
    }
  });

  it('K-13, B-5: npm start --json prints one line when all is ready', async () => {
    const command = commands.find((candidate) => JSON_START.test(candidate));
    expect(command).toBeDefined();
    const service = type(command ?? 'false');
    if (service.stdout === null) throw new Error('no output');
    let printed = '';
    service.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()));
    const line = await lineMatching(service.stdout, /^\{/, 60_000);
    const { pid, ...addresses } = JSON.parse(line) as { pid: number };
    expect(Object.keys(addresses).sort()).toEqual(['api', 'coordinator', 'mcp', 'operatorToken', 'project']);
    process.kill(pid, 'SIGINT');
    expect((await finish(service, 40_000)).code).toBe(0);
    expect(printed).toBe(`${line}\n`);
  });

  it('K-13: the commands that test and check are those that CI runs', async () => {
    const ci = await readFile(`${ROOT}.ci/run`, 'utf8');
    for (const command of ['npm test', 'npm run check']) {
      expect(ci).toContain(command);
      expect(await readFile(`${ROOT}README.md`, 'utf8')).toContain(`\`${command}\``);
    }
  });
});
