import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Readiness, SandboxesAwayError } from '../../ports.ts';
import { DockerPlace, ENGINE_SOCKET, noEngine } from '../../testing/docker-place.ts';
import { EngineProxy } from '../../testing/engine-proxy.ts';
import { eventually } from '../../testing/eventually.ts';
import { newOrder } from '../../testing/sandboxes-suite.ts';

const why = await noEngine();
if (why !== null) process.stderr.write(`skipped, an engine that is away: ${why}\n`);

describe.skipIf(why !== null)('an engine that is away', { timeout: 60_000 }, () => {
  let place: DockerPlace;
  let proxy: EngineProxy;
  beforeEach(async () => {
    place = await DockerPlace.make();
    proxy = new EngineProxy(join(place.root, 'engine.sock'), ENGINE_SOCKET);
  });
  afterEach(async () => {
    await place.clean();
    await proxy.cut();
  });

  const startIdOf = async (order: ReturnType<typeof newOrder>): Promise<string> =>
    (JSON.parse(await readFile(join(place.boxOf(order), 'seen.json'), 'utf8')) as { startId: string }).startId;

  it('DS-11: is said with its reason, starts nothing, leaves what runs alone, and is noticed when it is back', async () => {
    await proxy.restore();
    const sandboxes = await place.open({ socketPath: proxy.path });
    const heard: Readiness[] = [];
    sandboxes.onReadiness((readiness) => heard.push(readiness));
    expect(sandboxes.readiness()).toEqual({ ready: true });
    const [lives, dies] = [newOrder('plain'), newOrder('plain')];
    await Promise.all([sandboxes.start(lives), sandboxes.start(dies)]);
    const startId = await eventually(() => startIdOf(lives).catch(() => null), 'it is up');

    await proxy.cut();
    await eventually(() => !sandboxes.readiness().ready, 'it is noticed');
    await eventually(() => JSON.stringify(sandboxes.readiness()).includes('ENOENT'), 'the reason is known');
    expect(sandboxes.readiness()).toMatchObject({ ready: false, reason: expect.stringContaining(proxy.path) });
    const order = newOrder('plain');
    await expect(sandboxes.start(order)).rejects.toBeInstanceOf(SandboxesAwayError);
    await expect(sandboxes.list()).rejects.toBeInstanceOf(SandboxesAwayError);
    await expect(sandboxes.end(lives)).rejects.toBeInstanceOf(SandboxesAwayError);
    await place.docker.getContainer(`run-${dies.taskId}-1`).kill();

    await proxy.restore();
    await eventually(() => sandboxes.readiness().ready, 'it is back');
    expect(heard.at(0)).toMatchObject({ ready: false });
    expect(heard.at(-1)).toEqual({ ready: true });
    const states = (await sandboxes.list()).map(({ taskId, state }) => [taskId, state]);
    expect(Object.fromEntries(states)).toEqual({ [lives.taskId]: 'running', [dies.taskId]: 'stopped' });
    expect(await startIdOf(lives)).toBe(startId);
    await sandboxes.start(order);
    await eventually(() => startIdOf(order).catch(() => null), 'what waited is started');
  });

  it('DS-11: may be away when the launcher starts; what an earlier one left is found once it is there', async () => {
    const order = newOrder('plain');
    const earlier = await place.open();
    await earlier.start(order);
    await earlier.close();
    const sandboxes = await place.open({ socketPath: proxy.path });
    expect(sandboxes.readiness()).toMatchObject({ ready: false, reason: expect.stringContaining('cannot be reached') });
    await expect(sandboxes.recover()).rejects.toBeInstanceOf(SandboxesAwayError);
    await proxy.restore();
    await eventually(() => sandboxes.readiness().ready, 'it is there');
    expect(await sandboxes.recover()).toMatchObject([{ taskId: order.taskId, state: 'running' }]);
  });

  it.each(['/containers/create', '/start'])(
    'DS-12: that goes away at %s of a start hands it back: no sandbox counts as ended, and the next try succeeds',
    async (step) => {
      await proxy.restore();
      const sandboxes = await place.open({ socketPath: proxy.path });
      const order = newOrder('plain');
      const cut = new Promise<void>((resolve) => {
        proxy.onRequest = (line) => {
          if (!line.startsWith('POST') || !line.split('?')[0]?.endsWith(step)) return;
          proxy.onRequest = () => undefined;
          resolve(proxy.cut());
        };
      });
      await expect(sandboxes.start(order)).rejects.toBeInstanceOf(SandboxesAwayError);
      await cut;
      await proxy.restore();
      await eventually(() => sandboxes.readiness().ready, 'it is back');
      // Either the engine had heard of it and runs it, or there is nothing to report.
      expect((await sandboxes.list()).filter(({ state }) => state !== 'running')).toEqual([]);
      await sandboxes.start(order);
      await eventually(() => startIdOf(order).catch(() => null), 'it is up');
      await eventually(async () => (await place.containers()).length === 1, 'there is one container');
      await sandboxes.end(order);
      await sandboxes.remove(order);
      await sandboxes.discard(order);
      expect(await place.remains()).toEqual([]);
    },
  );
});
