import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sandboxName } from '@roundhouse/contracts';
import { endProcessTree, findProcesses } from '@roundhouse/host';
import { describe } from 'vitest';
import type { AttemptRef } from '../../ports.ts';
import { type SandboxesHarness, sandboxesSuite } from '../../testing/sandboxes-suite.ts';
import { ProcessSandboxes } from './process-sandbox.ts';

const main = new URL('../../../src/testing/tiny-runner.mjs', import.meta.url).pathname;

async function harness(): Promise<SandboxesHarness> {
  const root = await mkdtemp(join(tmpdir(), 'launcher-suite-'));
  const urls = { coordinatorUrl: 'http://127.0.0.1:1', mcpUrl: 'http://127.0.0.1:2/mcp' };
  const runner = { main, environment: { PATH: '/usr/bin:/bin' } };
  const folderOf = ({ taskId, attempt }: AttemptRef): string => join(root, sandboxName(taskId, attempt));
  return {
    async open() {
      const sandboxes = new ProcessSandboxes({ root, ...urls, runner, recycle: true, archiveMs: 5_000 });
      await sandboxes.recover();
      return sandboxes;
    },
    boxOf: folderOf,
    processesOf: async (ref) =>
      (await findProcesses({ mark: sandboxName(ref.taskId, ref.attempt), folder: folderOf(ref) })).length,
    processesOfWarm: async (warmId) => (await findProcesses({ mark: `warm-${warmId}` })).length,
    async clean() {
      await endProcessTree({ mark: '-', folder: root }, { graceMs: 0, killMs: 5_000 });
      await rm(root, { recursive: true });
    },
  };
}

describe('L-12: process sandboxes do what the port says', () => {
  sandboxesSuite(harness, { recycles: true });
});
