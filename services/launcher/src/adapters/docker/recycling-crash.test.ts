import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { StartOrder } from '../../ports.ts';
import { ENGINE_SOCKET, noEngine } from '../../testing/docker-place.ts';
import { EngineProxy } from '../../testing/engine-proxy.ts';
import { RecyclingPlace, SMALL, orderFor } from '../../testing/recycling-place.ts';
import { eventually } from '../../testing/eventually.ts';

const why = await noEngine();
if (why !== null) process.stderr.write(`skipped, crashes of a launcher that uses containers again: ${why}\n`);

const STARTER = new URL('../../../dist/testing/docker-starter.js', import.meta.url).pathname;
/** What is asked of the engine on the way, in order. */
const STEPS = [
  { name: 'its look for the container', asks: /\/containers\/json/ },
  { name: 'its look at the image', asks: /\/images\// },
  { name: 'its look at the container', asks: /\/containers\/[0-9a-f]{64}\/json/ },
  { name: 'its rename', asks: /\/rename$/ },
];
const KILLS = STEPS.flatMap((step) => (['before', 'after'] as const).map((when) => ({ ...step, when })));
const ROUNDS = 12;

describe.skipIf(why !== null)('a launcher that is killed while it uses a container again', { timeout: 60_000 }, () => {
  let containers: RecyclingPlace;
  let proxy: EngineProxy;
  let child: ChildProcess | null = null;
  beforeEach(async () => {
    containers = await RecyclingPlace.make();
    proxy = new EngineProxy(join(containers.place.root, 'engine.sock'), ENGINE_SOCKET);
    await proxy.restore();
  });
  afterEach(async () => {
    await killed();
    await containers.place.clean();
    await proxy.cut();
  });

  async function killed(): Promise<void> {
    const launcher = child;
    child = null;
    if (launcher === null || launcher.exitCode !== null || launcher.signalCode !== null) return;
    launcher.kill('SIGKILL');
    await once(launcher, 'exit');
  }

  /** Another launcher, with a container whose attempt is all but over; the file that ends it is the caller's to write. */
  async function begun(order: StartOrder): Promise<void> {
    const work = { warm: { warmId: randomUUID(), profile: SMALL }, assign: order, recycle: true };
    const { PATH = '', CI = '' } = process.env;
    child = spawn(process.execPath, [STARTER, containers.place.root, proxy.path, JSON.stringify(work)], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { PATH, CI },
    });
    const phaseOf = (): unknown => containers.place.handles()[0]?.subject['phase'];
    await eventually(() => phaseOf() === 'begun', 'it has its attempt', 20_000);
    await containers.isUp(order);
    // Renamed too: what it asks for from now on, it asks for the sake of the recycling.
    await eventually(
      async () => (await containers.place.containers())[0]?.Names[0]?.startsWith('/run-'),
      'it bears the name of its attempt',
    );
    await writeFile(containers.at(order, 'trace'), order.runnerToken);
  }

  /** What the next launcher finds is the attempt's, or warm and fit: it has nothing of the attempt, and takes another. */
  async function leftWhole(order: StartOrder): Promise<'attempt' | 'warm'> {
    await containers.open();
    const views = await containers.sandboxes.list();
    const warm = await containers.sandboxes.listWarm();
    expect(views).toMatchObject([{ taskId: order.taskId, state: warm.length > 0 ? 'removed' : 'running' }]);
    for (const { warmId } of warm) {
      const slot = containers.place.handles().find(({ subject }) => subject['warmId'] === warmId)?.slot ?? '';
      const left = await readdir(join(containers.place.data, 'slots', slot, 'disk/box'));
      // The tiny runner notes each launcher that connects.
      expect(left.filter((name) => name !== 'greeted')).toEqual(['hand-over.sock']);
      const another = orderFor();
      expect(await containers.assign(warmId, another)).toBe('taken');
      await containers.sandboxes.end(another);
      await containers.sandboxes.remove(another);
      await containers.sandboxes.discard(another);
    }
    await containers.remove(order);
    await containers.sandboxes.close();
    return warm.length > 0 ? 'warm' : 'attempt';
  }

  it.each(KILLS)('DS-30: $when $name leaves an attempt that is over, or one that is fit', async ({ asks, when }) => {
    const order = orderFor();
    await begun(order);
    const dead = new Promise<void>((resolve) => {
      proxy.onRequest = (line) => {
        if (!asks.test(line.split('?')[0] ?? '')) return;
        proxy.onRequest = () => undefined;
        if (when === 'before') child?.kill('SIGKILL');
        setTimeout(() => resolve(killed()), when === 'before' ? 0 : 5);
      };
    });
    await writeFile(containers.at(order, 'over'), '');
    await dead;
    await leftWhole(order);
  });

  it(
    'DS-30: at any moment of it leaves an attempt that is over, or one that is fit',
    { timeout: 180_000 },
    async () => {
      const found = { attempt: 0, warm: 0 };
      for (let round = 0; round < ROUNDS; round += 1) {
        const order = orderFor();
        await begun(order);
        let said = '';
        child?.stdout?.on('data', (data: Buffer) => (said += data.toString()));
        await writeFile(containers.at(order, 'over'), '');
        await eventually(() => said.includes('idle'), 'it is idle');
        // The last one is whole, however slow the machine.
        if (round === ROUNDS - 1) await eventually(() => said.includes('recycled'), 'it is warm again');
        else await delay((round * 17) % 100);
        await killed();
        found[await leftWhole(order)] += 1;
      }
      // Else it was never killed at work.
      expect(found.attempt).toBeGreaterThan(0);
      expect(found.warm).toBeGreaterThan(0);
    },
  );
});
