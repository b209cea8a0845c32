import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AgentSpec, CODING_AGENTS } from '@roundhouse/contracts';
import { describe, expect, it } from 'vitest';
import { agentFilesIn, writeAgentFiles, writeSeeds } from '../handlers/agent-files.ts';
import { subTaskInstructions } from '../domain/instructions.ts';
import { assignmentOf } from '../testing/assignment.ts';
import type { LaunchContext } from '../ports.ts';
import { adapterOf } from './registry.ts';

const SECRETS = ['subtask-secret-1', 'done-secret-2'];
const MCP_URL = 'http://127.0.0.1:7000/mcp';
const instructions = subTaskInstructions({ branch: 'task/x', baseBranch: 'main' });

const contextIn = (folder: string, more: Partial<LaunchContext> = {}): LaunchContext => ({
  ...agentFilesIn(folder),
  firstPrompt: null,
  worktree: join(folder, 'worktree'),
  taskId: '5f0c1d52-7a38-4f0e-9a67-1c2d3e4f5a6b',
  mcp: {
    roundhouse: {
      url: MCP_URL,
      headers: { Authorization: `Bearer ${SECRETS[0]}`, 'X-Done-Token': String(SECRETS[1]) },
    },
    'roundhouse-self': { url: 'http://127.0.0.1:7000/self', headers: {} },
  },
  instructions,
  permissionMode: 'edits',
  environment: {},
  resumes: false,
  ...more,
});

describe('how coding agents are started', () => {
  for (const kind of CODING_AGENTS) {
    it(`RA-1: ${kind} gets its tools and its instructions in its HOME, mode 0600, and no secret in its arguments`, async () => {
      const folder = await mkdtemp(join(tmpdir(), 'launch-'));
      const spec = AgentSpec.parse({ kind, model: 'some/model-1', extraArgs: ['--verbose'] });
      const context = contextIn(folder);
      const { argv, env, files } = adapterOf(spec).launch(spec, context);
      expect(argv[0]).toBe(kind);
      expect(argv).toEqual(expect.arrayContaining(['some/model-1', '--verbose']));
      for (const secret of SECRETS) expect(JSON.stringify([argv, env])).not.toContain(secret);
      await writeAgentFiles(agentFilesIn(folder), MCP_URL, assignmentOf({ agent: spec }));
      await writeSeeds(agentFilesIn(folder), files);
      const written = await Promise.all(
        files.map(async ({ path }) => {
          const file = join(context.home, path);
          expect([path, (await stat(file)).mode & 0o777]).toEqual([path, 0o600]);
          return await readFile(file, 'utf8');
        }),
      );
      const [settings, ...others] = written.filter((text) => SECRETS.every((secret) => text.includes(secret)));
      expect(others).toEqual([]);
      // Of a hosted coordinator there are two.
      for (const server of [MCP_URL, 'http://127.0.0.1:7000/self', 'roundhouse-self'])
        expect(settings).toContain(server);
      expect(written).toContain(instructions);
      await rm(folder, { recursive: true });
    });

    it(`RA-2: ${kind} is started anew with another line for each permission mode, and goes on with the same in its HOME`, () => {
      const spec = AgentSpec.parse({ kind });
      const { launch } = adapterOf(spec);
      const lines = (['ask', 'edits', 'all'] as const).map((permissionMode) =>
        JSON.stringify(launch(spec, contextIn('/box', { permissionMode }))),
      );
      expect(new Set(lines).size).toBe(3);
      const again = launch(spec, contextIn('/box', { resumes: true }));
      expect(again.argv.join(' ')).toMatch(/--resume|resume --last|--continue/);
      expect(again.files).toEqual(launch(spec, contextIn('/box')).files);
    });
  }

  it('RA-3: arguments that look like credentials are refused, others are not', () => {
    const given = (argument: string): boolean => AgentSpec.safeParse({ kind: 'codex', extraArgs: [argument] }).success;
    for (const argument of [
      '--api-key',
      '--api-key=abc',
      'sk-ant-0123456789abc',
      '-c',
      'x.token="abc"',
      'ghp_0123456789',
    ])
      expect([argument, given(argument)]).toEqual([argument, argument === '-c']);
    for (const argument of ['--model', 'model_providers.x.env_key="KEY"', '--max-tokens', '--add-dir=/src'])
      expect([argument, given(argument)]).toEqual([argument, true]);
  });
});
