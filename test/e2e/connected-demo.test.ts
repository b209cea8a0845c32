import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { failOnLeaks, scratchRepository, startEmbeddedService, temporaryFolder, within } from '@roundhouse/testkit';
import { expect, it } from 'vitest';

const CLI = fileURLToPath(new URL('../../packages/cli/dist/bundle/main.js', import.meta.url));

failOnLeaks();

it('RP-15: the demo runs on a service that runs already, named by the environment as in compose, and tidies up', async () => {
  const repository = await scratchRepository();
  const folder = await temporaryFolder();
  const service = await startEmbeddedService({ repository: repository.path });
  try {
    const { ROUNDHOUSE_TOKEN: _token, ...environment } = process.env;
    const child = spawn(process.execPath, [CLI, 'demo'], {
      cwd: folder.path,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...environment,
        TMPDIR: folder.path,
        ROUNDHOUSE_URL: service.addresses.api,
        ROUNDHOUSE_MCP_URL: service.addresses.mcp,
        ROUNDHOUSE_TOKEN_FILE: join(service.data, 'secrets', 'operator-token'),
      },
    });
    const ended = Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
    const [stdout, stderr, [code]] = await within(100_000, 'the end of the demo', ended);
    expect(code, `${stdout}\n${stderr}`).toBe(0);
    expect(stdout.match(/: landed$/gm)).toHaveLength(7);
    expect(stdout.match(/"outcome":"conflicted","files":\[\{"path":"README.md"/g)).toHaveLength(2);
    expect(stdout).toContain('Nothing is left running');
    expect(stdout).toMatch(/^\* +[0-9a-f]+ A sample to begin with$/m);
    expect(await readdir(folder.path)).toEqual([]);

    const operator = service.operator();
    const { projects } = await operator.call('listProjects', {});
    expect(projects.filter(({ name, source }) => name.startsWith('demo-') && source === null)).toHaveLength(1);
    const { tokens } = await operator.call('listTokens', {});
    const open = tokens.filter(({ identity, revokedAt }) => identity.role === 'coordinator' && revokedAt === null);
    expect(open).toHaveLength(1);
    const { agents } = await operator.call('listAgents', {});
    expect(agents.filter(({ lifecycle }) => lifecycle !== 'closed')).toEqual([]);
  } finally {
    await service.stop();
    await repository.remove();
    await folder.remove();
  }
});
