import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readConfig } from '../config.ts';
import { sweepContainers } from './container-sweep.ts';
import { ensureDockerReady } from './docker-ready.ts';
import { askEngine } from './engine-ask.ts';

const { dockerSocket: socket, inherited } = readConfig({ ...process.env }, false);
const why = await askEngine(socket, 'GET', '/_ping').then(
  () => null,
  (error: unknown) => String(error),
);
const skips = why !== null && process.env['CI'] === undefined;
if (skips) process.stderr.write(`skipped, containers of the CLI: ${why}\n`);

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'container-sweep-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it.skipIf(skips)('RP-14: sweeping a folder that no container has mounted touches nothing', async () => {
  const before = await askEngine(
    socket,
    'GET',
    '/containers/json?all=true&filters=%7B%22label%22%3A%5B%22none%22%5D%7D',
  );
  expect(before).toEqual({ status: 200, body: [] });
  expect(await sweepContainers(socket, folder)).toEqual([]);
});

it.skipIf(skips)(
  'RP-14: an engine that answers is enough where another image than the default one is wanted',
  async () => {
    const said: string[] = [];
    const parts = { socket, environment: inherited, say: (text: string) => void said.push(text) };
    await ensureDockerReady({ ...parts, image: 'somebody/else:1', signal: AbortSignal.timeout(10_000) });
    expect(said).toEqual([]);
  },
);

it('RP-14: without an engine it is said where one was looked for, and what to do', async () => {
  const parts = { socket: join(folder, 'none.sock'), environment: inherited, say: () => undefined };
  await expect(
    ensureDockerReady({ ...parts, image: 'somebody/else:1', signal: AbortSignal.timeout(10_000) }),
  ).rejects.toMatchObject({
    message: expect.stringContaining('none.sock') as string,
    hint: expect.stringContaining('ROUNDHOUSE_DOCKER_SOCKET') as string,
  });
});
