import { fork } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Task } from '@roundhouse/contracts';
import {
  type EmbeddedService,
  mcpRequest,
  type ScratchRepository,
  scratchRepository,
  startEmbeddedService,
  temporaryFolder,
  type TemporaryFolder,
  untilDone,
  type WireTask,
} from '@roundhouse/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const GATEWAY = fileURLToPath(new URL('../../services/mcp-gateway/dist/bundle/main.js', import.meta.url));

let repository: ScratchRepository;
let folder: TemporaryFolder;
let service: EmbeddedService;
beforeAll(async () => {
  [repository, folder] = await Promise.all([scratchRepository({ 'README.md': 'x\n' }), temporaryFolder()]);
  service = await startEmbeddedService({ repository: repository.path });
});
afterAll(async () => {
  await service.stop();
  await Promise.all([repository.remove(), folder.remove()]);
});

/** Another gateway beside the service's own: it knows the coordinator's address and nothing else. */
async function anotherGateway(): Promise<{ url: string; stop(): Promise<void> }> {
  const child = fork(GATEWAY, [], {
    env: {
      PATH: process.env['PATH'],
      ROUNDHOUSE_COORDINATOR_URL: service.addresses.api,
      ROUNDHOUSE_LOG_LEVEL: 'silent',
    },
  });
  const [ready] = (await once(child, 'message')) as [{ url: string }];
  return {
    url: `${ready.url}/mcp`,
    async stop() {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    },
  };
}

/** A task whose agent signals when `go` is called. */
async function taskThatWaits(name: string): Promise<{ task: Task; go(): Promise<void> }> {
  const file = join(folder.path, name);
  const prompt = `@write ${name}.txt ${name}\n@commit ${name}\n@wait-file ${file} 120000\n@done ${name} is there.`;
  const task = await service.coordinator().call('createTask', { name, prompt, agent: { kind: 'scripted' } });
  return { task, go: () => writeFile(file, '') };
}

const token = (): string => service.addresses.coordinator.token;
const wait = async (url: string, given: Record<string, unknown> = {}): Promise<WireTask> => {
  const call = { name: 'wait_for_signal_done', arguments: given };
  return (await mcpRequest(url, token(), 'tools/call', call)).result as unknown as WireTask;
};

describe('waits as MCP tasks', () => {
  it('MT-4: a task outlives its gateway and its coordinator’s process, and any gateway answers it', async () => {
    const { mcp } = service.addresses;
    const other = await anotherGateway();
    try {
      const one = await taskThatWaits('one');
      const begun = await wait(mcp);
      expect(begun).toMatchObject({ resultType: 'task', status: 'working' });
      const { taskId } = begun;
      // It is asked for at one gateway when that one dies.
      const cut = mcpRequest(mcp, token(), 'tasks/get', { taskId }).catch(() => 'cut');
      await service.killAndAwaitRestart('mcp-gateway');
      await cut;
      await one.go();
      const done = await untilDone(other.url, token(), taskId);
      const summary = expect.stringContaining('\none is there.\n') as string;
      const answer = { outcome: 'signal', notice: { taskId: one.task.id, summary }, remaining: 0 };
      expect(done).toMatchObject({ status: 'completed', taskId, result: { structuredContent: answer } });
      // At the one that was started anew it is the same, as often as it is asked for.
      for (const url of [mcp, other.url])
        expect((await untilDone(url, token(), taskId)).result).toMatchObject({ structuredContent: answer });
      expect((await wait(mcp)).resultType).toBe('complete');

      const two = await taskThatWaits('two');
      const { cursor } = (done.result as { structuredContent: { cursor: string } }).structuredContent;
      const next = await wait(other.url, { cursor });
      expect(next.resultType).toBe('task');
      expect((await service.coordinator().call('getTask', { id: one.task.id })).delivery.state).toBe('acknowledged');
      // MT-6: it is asked for when the coordinator dies, and while it is away: the gateway tells it as working.
      const polling = untilDone(other.url, token(), next.taskId);
      await service.killAndAwaitRestart('coordinator');
      await two.go();
      const second = await polling;
      expect(second.result?.structuredContent).toMatchObject({ outcome: 'signal', notice: { taskId: two.task.id } });
      expect(service.log).not.toContain('"level":50');
    } finally {
      await other.stop();
    }
  });

  it('MT-8: cancelled over one gateway, it has taken nothing from the wait at another', async () => {
    const { mcp } = service.addresses;
    const { cursor } = await service.coordinator().call('waitSignal', { timeoutMs: 0 });
    const other = await anotherGateway();
    try {
      const three = await taskThatWaits('three');
      const { taskId } = await wait(mcp, { cursor });
      const polling = untilDone(mcp, token(), taskId);
      const { error } = await mcpRequest(other.url, token(), 'tasks/cancel', { taskId });
      expect(error).toBeUndefined();
      await three.go();
      const next = await service.coordinator().call('waitSignal', { timeoutMs: 50_000 });
      expect(next).toMatchObject({ outcome: 'signal', notice: { taskId: three.task.id } });
      expect((await polling).status).toBe('cancelled');
    } finally {
      await other.stop();
    }
  });
});
