import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readConfig } from '../../config.ts';
import { agentEnvironmentOf } from './agent-environment.ts';

let file: string;
beforeEach(async () => {
  file = join(await mkdtemp(join(tmpdir(), 'launcher-secrets-')), 'agents.env');
});
afterEach(() => rm(join(file, '..'), { recursive: true }));

it('RA-20: what is named for agents, and what stands in the file now', async () => {
  const { forAgents, runnerEnvironment } = readConfig({
    ROUNDHOUSE_REDIS: '/redis.sock',
    ROUNDHOUSE_COORDINATOR_URL: 'http://127.0.0.1:1',
    ROUNDHOUSE_MCP_URL: 'http://127.0.0.1:1/mcp',
    ROUNDHOUSE_RUNNER_MAIN: '/main.js',
    ROUNDHOUSE_LAUNCHER_TOKEN_FILE: '/token',
    ROUNDHOUSE_SANDBOXES: '/sandboxes',
    ROUNDHOUSE_AGENT_ENV_A_KEY: 'from the environment',
    ROUNDHOUSE_AGENT_ENV_B_KEY: 'b',
    ROUNDHOUSE_AGENT_SECRETS_FILE: file,
  });
  expect(runnerEnvironment).toEqual({});
  const read = agentEnvironmentOf(forAgents);
  await writeFile(file, '# of agents\nA_KEY="from the file"\n\nC_URL=https://c.example/?a=1\n');
  expect(await read()).toEqual({ A_KEY: 'from the file', B_KEY: 'b', C_URL: 'https://c.example/?a=1' });
  await writeFile(file, '');
  expect(await read()).toEqual({ A_KEY: 'from the environment', B_KEY: 'b' });
});

it('RA-20: a file that cannot be read or has a wrong name is an error that says nothing of what stands in it', async () => {
  const read = agentEnvironmentOf({ own: {}, file });
  await expect(read()).rejects.toThrow(/secrets cannot be read: ENOENT/);
  await writeFile(file, 'not-a-name=secret\n');
  await expect(read()).rejects.toThrow(/^the agents’ secrets in \S+ have a name that is none of a variable/);
});
