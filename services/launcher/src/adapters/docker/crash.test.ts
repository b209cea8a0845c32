import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AttemptRef, Sandboxes } from '../../ports.ts';
import { PROFILE } from '../../testing/coordinator-double.ts';
import { DockerPlace, ENGINE_SOCKET, IMAGE, noEngine } from '../../testing/docker-place.ts';
import { EngineProxy } from '../../testing/engine-proxy.ts';
import { eventually } from '../../testing/eventually.ts';
import { newOrder } from '../../testing/sandboxes-suite.ts';

const why = await noEngine();
if (why !== null) process.stderr.write(`skipped, crashes of a launcher with containers: ${why}\n`);

const STARTER = new URL('../../../dist/testing/docker-starter.js', import.meta.url).pathname;
/** What a start asks of the engine, in order, each before it is passed on or a moment after. */
const STEPS = [
  { name: 'its look at the image', asks: /\/images\// },
  { name: 'its create', asks: /\/containers\/create/ },
  { name: 'its start', asks: /\/start$/ },
  { name: 'its look at the container', asks: /\/containers\/[0-9a-f]{64}\/json/ },
];
const KILLS = STEPS.flatMap((step) => (['before', 'after'] as const).map((when) => ({ ...step, when })));

describe.skipIf(why !== null)('a launcher that is killed', { timeout: 60_000 }, () => {
  let place: DockerPlace;
  let proxy: EngineProxy;
  let child: ChildProcess | null = null;
  beforeEach(async () => {
    place = await DockerPlace.make();
    proxy = new EngineProxy(join(place.root, 'engine.sock'), ENGINE_SOCKET);
    await proxy.restore();
  });
  afterEach(async () => {
    await killed();
    await place.clean();
    await proxy.cut();
  });

  function starts(work: unknown): ChildProcess {
    const { PATH = '', CI = '' } = process.env;
    child = spawn(process.execPath, [STARTER, place.root, proxy.path, JSON.stringify(work)], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { PATH, CI },
    });
    return child;
  }
  async function killed(): Promise<void> {
    const process = child;
    child = null;
    if (process === null || process.exitCode !== null || process.signalCode !== null) return;
    process.kill('SIGKILL');
    await once(process, 'exit');
  }
  /** Resolves when the child asks that of the engine, and it was killed there: before the engine hears of it, or after. */
  const killedAt = (step: RegExp, when: 'before' | 'after'): Promise<void> =>
    new Promise((resolve) => {
      let opened = false;
      proxy.onRequest = (line) => {
        const path = line.split('?')[0] ?? '';
        opened ||= path.includes('/images/');
        if (!opened || !step.test(path)) return;
        proxy.onRequest = () => undefined;
        if (when === 'before') child?.kill('SIGKILL');
        setTimeout(() => resolve(killed()), when === 'before' ? 0 : 150);
      };
    });
  async function ended(ref: AttemptRef, by: Sandboxes): Promise<void> {
    await by.end(ref);
    await by.remove(ref);
    await by.discard(ref);
  }

  it.each(KILLS)(
    'DS-13: $when $name of a start leaves what the same start makes good, and nothing besides',
    async ({ asks, when }) => {
      const order = newOrder('plain');
      const dead = killedAt(asks, when);
      starts({ cold: order });
      await dead;
      const sandboxes = await place.open();
      await sandboxes.recover();
      expect((await sandboxes.list()).filter(({ state }) => state !== 'running')).toEqual([]);
      await sandboxes.start(order);
      await eventually(() => readFile(join(place.boxOf(order), 'up')).catch(() => null), 'it is up');
      await eventually(async () => (await place.containers()).length === 1, 'there is one container');
      await ended(order, sandboxes);
      expect(await place.remains()).toEqual([]);
    },
  );

  it.each(KILLS)('DS-13: $when $name of a warm start leaves a warm sandbox or nothing', async ({ asks, when }) => {
    const dead = killedAt(asks, when);
    starts({ warm: { warmId: randomUUID(), profile: PROFILE } });
    await dead;
    const sandboxes = await place.open();
    await sandboxes.recover();
    const found = await sandboxes.listWarm();
    expect(found.filter(({ isReady }) => !isReady)).toEqual([]);
    for (const { warmId } of found) await sandboxes.endWarm(warmId);
    // A create that the engine was still at when we looked.
    await eventually(async () => {
      await sandboxes.list();
      return (await place.remains()).length === 0;
    }, 'nothing is left');
  });

  it('DS-14: in a hand-over leaves an attempt that a start takes over, whether its runner had heard of it or not', async () => {
    const [warmId, order] = [randomUUID(), newOrder('silent')];
    starts({ warm: { warmId, profile: PROFILE }, assign: order });
    await eventually(() => place.handles().some(({ subject }) => subject['phase'] === 'assigning'), 'it is assigned');
    await killed();
    const sandboxes = await place.open();
    expect(await sandboxes.recover()).toMatchObject([{ taskId: order.taskId, state: 'running' }]);
    expect(await sandboxes.listWarm()).toEqual([]);
    await sandboxes.start({ ...order, runnerToken: 'another plain' });
    const seen = await eventually(
      () => readFile(join(place.boxOf(order), 'seen.json'), 'utf8').catch(() => null),
      'up',
    );
    expect(seen).toContain('another plain');
    expect(await place.containers()).toHaveLength(1);
    await ended(order, sandboxes);
    expect(await place.remains()).toEqual([]);
  });

  it('DS-15: containers of ours that nobody speaks of are removed, and nobody else’s', async () => {
    const order = newOrder('plain');
    const sandboxes = await place.open();
    await sandboxes.start(order);
    const install = (await place.containers())[0]?.Labels['roundhouse.install'] ?? '';
    const make = (name: string, labels: Record<string, string>): Promise<{ id: string }> =>
      place.docker.createContainer({ name, Image: IMAGE, Cmd: ['sleep', '60'], Labels: labels });
    const stray = await make(`stray-${order.taskId}`, {
      'roundhouse.install': install,
      'roundhouse.kind': 'attempt',
      'roundhouse.slot': '0123456789ab',
    });
    const leftover = await make(`archive-${order.taskId}-1`, {
      'roundhouse.install': install,
      'roundhouse.kind': 'archive',
      'roundhouse.run': randomUUID(),
    });
    const foreign = await make(`foreign-${order.taskId}`, { 'roundhouse.install': 'another' });
    try {
      await sandboxes.list();
      const isThere = async ({ id }: { id: string }): Promise<boolean> =>
        await place.docker
          .getContainer(id)
          .inspect()
          .then(() => true)
          .catch(() => false);
      await eventually(async () => !(await isThere(stray)) && !(await isThere(leftover)), 'they are removed');
      expect(await isThere(foreign)).toBe(true);
      expect(await sandboxes.list()).toMatchObject([{ taskId: order.taskId, state: 'running' }]);
    } finally {
      await place.docker.getContainer(foreign.id).remove({ force: true });
    }
  });

  it('DS-16: work whose handle cannot be read is kept, not deleted', async () => {
    const order = newOrder('plain');
    const earlier = await place.open();
    await earlier.start(order);
    const { slot } = place.handleOf(order);
    await eventually(() => readFile(join(place.boxOf(order), 'up')).catch(() => null), 'it is up');
    await earlier.close();
    await writeFile(join(place.data, 'handles', `${slot}.json`), '');
    const sandboxes = await place.open();
    expect(await sandboxes.recover()).toEqual([]);
    expect(await readFile(join(place.data, 'kept', `unknown-${slot}`, 'worktree/work.txt'), 'utf8')).toBe('work');
    expect(await place.containers()).toEqual([]);
  });
});
