import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  descendantsOf,
  type EmbeddedService,
  processTable,
  type ScratchRepository,
  scratchRepository,
  startEmbeddedService,
  type TemporaryFolder,
  temporaryFolder,
} from '@roundhouse/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const FROM_ENVIRONMENT = 'a-key-of-the-environment';
const FROM_FILE = 'a-key-of-the-file';

let repository: ScratchRepository;
let folder: TemporaryFolder;
let service: EmbeddedService;
beforeAll(async () => {
  [repository, folder] = await Promise.all([scratchRepository(), temporaryFolder()]);
  await writeFile(secrets(), `FILE_KEY=${FROM_FILE}\n`, { mode: 0o600 });
  service = await startEmbeddedService({
    repository: repository.path,
    environment: { ROUNDHOUSE_AGENT_ENV_OWN_KEY: FROM_ENVIRONMENT, ROUNDHOUSE_AGENT_SECRETS_FILE: secrets() },
  });
});
afterAll(async () => {
  await service.stop();
  await Promise.all([repository.remove(), folder.remove()]);
});
const secrets = (): string => join(folder.path, 'agents.env');

describe('what is meant for agents', () => {
  it('RA-25: reaches agents, and of all services the launcher alone knows where it is', async () => {
    const client = service.coordinator();
    const { id } = await client.call('createTask', {
      name: 'looks',
      prompt: '@run printenv OWN_KEY FILE_KEY\n@print looked',
    });
    await client.call('waitForIdle', { id, timeoutMs: 50_000 });
    const { text } = await client.call('readOutput', { id });
    for (const words of [FROM_ENVIRONMENT, FROM_FILE, 'looked']) expect(text).toContain(words);
    const rows = descendantsOf(await processTable(), service.addresses.pid);
    const knows = (['coordinator', 'mcp-gateway', 'launcher'] as const).map((name) => {
      const row = rows.find(({ command }) => command.includes(`services/${name}/dist/`));
      return [name, row?.environment.includes('ROUNDHOUSE_AGENT_')];
    });
    expect(knows).toEqual([
      ['coordinator', false],
      ['mcp-gateway', false],
      ['launcher', true],
    ]);
    expect(await client.call('closeTask', { id })).toMatchObject({ outcome: 'closed' });
  });

  it('RA-20: a file that is gone is told on the task, and one that is back is read', async () => {
    const client = service.coordinator();
    await rm(secrets());
    const { id } = await client.call('createTask', { name: 'waits in vain', prompt: '@print here' });
    const { outcome, task } = await client.call('waitForIdle', { id, timeoutMs: 50_000 });
    expect(outcome).toBe('ended');
    const { lifecycle } = task;
    expect(lifecycle.state === 'ended' ? lifecycle.end : lifecycle).toMatchObject({
      reason: expect.stringMatching(/the agents’ secrets cannot be read: ENOENT/) as string,
    });
    await writeFile(secrets(), 'FILE_KEY=another-key\n', { mode: 0o600 });
    const other = await client.call('createTask', { name: 'looks again', prompt: '@run printenv FILE_KEY\n@print so' });
    await client.call('waitForIdle', { id: other.id, timeoutMs: 50_000 });
    expect((await client.call('readOutput', { id: other.id })).text).toContain('another-key');
    for (const each of [id, other.id]) await client.call('closeTask', { id: each });
  });
});
