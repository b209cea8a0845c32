import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type ServiceName,
  descendantsOf,
  eventually,
  lineMatching,
  processTable,
  scratchRepository,
  startEmbeddedService,
  temporaryFolder,
} from '@roundhouse/testkit';
import { describe, expect, it } from 'vitest';

const TASKS = 10;
const VICTIMS: readonly ServiceName[] = ['coordinator', 'launcher', 'mcp-gateway', 'redis'];

describe('kill -9', () => {
  it('TL-10: of every service, one after the other, with ten tasks running: none is lost, none runs twice', async () => {
    const repository = await scratchRepository();
    const gate = await temporaryFolder();
    const service = await startEmbeddedService({ repository: repository.path });
    try {
      const client = service.coordinator();
      const open = join(gate.path, 'open');
      const ids: string[] = [];
      for (let index = 0; index < TASKS; index += 1) {
        const prompt = `@write work${index}.txt x\n@commit Work ${index}\n@wait-file ${open} 120000\n@done Done ${index}.`;
        ids.push((await client.call('createTask', { name: `task ${index}`, prompt, agent: { kind: 'scripted' } })).id);
      }
      for (const id of ids) await until(async () => (await client.call('getTask', { id })).activity.state === 'busy');

      for (const victim of VICTIMS) {
        await service.killAndAwaitRestart(victim);
        await until(
          async () =>
            (await service
              .operator()
              .call('getHealth', {})
              .catch(() => null)) !== null,
        );
        for (const id of ids) {
          const task = await client.call('getTask', { id });
          expect([victim, task.lifecycle.state, task.completion.state]).toEqual([victim, 'running', 'none']);
        }
      }
      await writeFile(open, '');

      const signals = new Map<string, number>();
      let cursor: string | undefined;
      for (;;) {
        const answer = await client.call('waitSignal', {
          timeoutMs: 50_000,
          ...(cursor === undefined ? {} : { cursor }),
        });
        cursor = answer.cursor;
        if (answer.outcome === 'nothing_live') break;
        expect(answer.outcome).toBe('signal');
        const id = answer.notice?.taskId ?? '';
        signals.set(id, (signals.get(id) ?? 0) + 1);
      }
      expect([...signals.values()]).toEqual(ids.map(() => 1));
      for (const id of ids) {
        const merged = await client.call('mergeTask', { id });
        expect([merged.outcome, merged.task.attempt]).toEqual(['landed', 1]);
        expect((await client.call('closeTask', { id })).outcome).toBe('closed');
      }
    } finally {
      await service.stop();
      await gate.remove();
      await repository.remove();
    }
  });

  it('TL-4: of everything at once: after a new start every task is retried or settled, and no process is left over', async () => {
    const repository = await scratchRepository();
    const data = await temporaryFolder();
    const first = await startEmbeddedService({ repository: repository.path, data: data.path });
    const create = (prompt: string) =>
      first.coordinator().call('createTask', { name: 'x', prompt, agent: { kind: 'scripted' } });
    const settled = await create('@write a.txt x\n@commit A\n@done A.');
    const working = await create('@write b.txt x\n@sleep 400\n@commit B\n@done B.');
    await first.coordinator().call('waitForIdle', { id: settled.id, timeoutMs: 30_000 });
    await first.killEverything();

    const second = await startEmbeddedService({ repository: repository.path, data: data.path });
    try {
      const client = second.coordinator();
      expect(second.addresses.coordinator).toEqual(first.addresses.coordinator);
      const answers = [];
      for (;;) {
        const answer = await client.call('waitSignal', { timeoutMs: 50_000 });
        if (answer.outcome === 'nothing_live') break;
        if (answer.outcome === 'signal') answers.push(answer.notice?.taskId);
      }
      expect(answers.sort()).toEqual([settled.id, working.id].sort());
      for (const id of [settled.id, working.id]) {
        expect(await client.call('mergeTask', { id })).toMatchObject({ outcome: 'landed' });
        expect(await client.call('closeTask', { id })).toMatchObject({ outcome: 'closed', kept: [] });
      }
    } finally {
      await second.stop();
      await data.remove();
      await repository.remove();
    }
  });
});

it('B-11: a service whose supervisor and log reader are gone ends by itself', async () => {
  const repository = await scratchRepository();
  const data = await temporaryFolder();
  const main = fileURLToPath(new URL('../../packages/cli/dist/bundle/main.js', import.meta.url));
  const args = ['up', '--json', '--data', data.path, '--port', '0', '--repo', repository.path];
  const up = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  await lineMatching(up.stdout, /^\{/, 60_000);
  const below = descendantsOf(await processTable(), up.pid ?? 0);
  expect(below.length).toBeGreaterThanOrEqual(4);
  up.stdout.destroy();
  up.stderr.destroy();
  up.kill('SIGKILL');
  await until(async () => {
    const rows = (await processTable()).filter(({ zombie }) => !zombie);
    return !rows.some(({ pid, started }) => below.some((row) => row.pid === pid && row.started === started));
  });
  await data.remove();
  await repository.remove();
});

/** Looks until it is so: what is waited for here happens in processes that tell the test nothing. */
async function until(met: () => Promise<boolean>): Promise<void> {
  await eventually('it to be so', 60_000, async () => ((await met()) ? true : undefined));
}
