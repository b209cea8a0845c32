import { stat } from 'node:fs/promises';
import { expect, it, onTestFinished, vi } from 'vitest';
import { type EmbeddedOptions, type EmbeddedService, startEmbeddedService } from './embedded-service.ts';
import { failOnLeaks } from './leak-check.ts';
import { scratchRepository } from './scratch-repository.ts';
import { temporaryFolder } from './temporary-folder.ts';

failOnLeaks();
// A start of the whole service takes seconds where other tests run beside it.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

/** Starts a service that is ended even where the test fails half-way. */
async function start(options: EmbeddedOptions): Promise<EmbeddedService> {
  const service = await startEmbeddedService(options);
  onTestFinished(() => service.killEverything());
  return service;
}

it('B-8: starts the whole service with its processes, and stops without leaving one', async () => {
  const repository = await scratchRepository();
  const service = await start({ repository: repository.path });
  const { addresses } = service;
  expect(addresses.api).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  expect(addresses.mcp).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/mcp$/);
  expect(addresses.project.defaultBranch).toBe('main');
  for (const name of ['coordinator', 'launcher', 'mcp-gateway', 'redis'] as const) {
    expect(await service.pidOf(name), name).toBeGreaterThan(0);
  }
  expect((await service.coordinator().call('listTasks', {})).tasks).toEqual([]);
  expect(await service.stop()).toBe(0);
  await expect(stat(service.data)).rejects.toThrow(/ENOENT/);
  await repository.remove();
});

it('B-9: a part that is killed is started again at the same address', async () => {
  const repository = await scratchRepository();
  const service = await start({ repository: repository.path });
  const before = await service.pidOf('mcp-gateway');
  const after = await service.killAndAwaitRestart('mcp-gateway');
  expect(after).not.toBe(before);
  const restarted = await service.killAndAwaitRestart('coordinator');
  expect(await service.pidOf('coordinator')).toBe(restarted);
  expect((await service.coordinator().call('listTasks', {})).remaining).toBe(0);
  expect(await service.stop('SIGTERM')).toBe(0);
  await repository.remove();
});

it('B-10: after kill -9 of everything a start upon the same data has the same project and coordinator', async () => {
  const repository = await scratchRepository();
  const data = await temporaryFolder();
  const first = await start({ repository: repository.path, data: data.path });
  await first.killEverything();
  const second = await start({ repository: repository.path, data: data.path });
  expect(second.addresses.project.id).toBe(first.addresses.project.id);
  expect(second.addresses.coordinator).toEqual(first.addresses.coordinator);
  expect(second.addresses.operatorToken).toBe(first.addresses.operatorToken);
  expect(await second.stop()).toBe(0);
  await data.remove();
  await repository.remove();
});
