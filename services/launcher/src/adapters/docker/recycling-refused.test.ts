import { randomUUID } from 'node:crypto';
import { chmod, mkdir, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ENGINE_SOCKET, IMAGE, noEngine } from '../../testing/docker-place.ts';
import { EngineProxy } from '../../testing/engine-proxy.ts';
import { eventually } from '../../testing/eventually.ts';
import { RecyclingPlace, SMALL, orderFor } from '../../testing/recycling-place.ts';

const why = await noEngine();
if (why !== null) process.stderr.write(`skipped, containers that are not used again: ${why}\n`);

/** Another one than what stands for all the others. */
const OTHER_IMAGE = 'redis:7-alpine';

describe.skipIf(why !== null)('a container that is not as it was', { timeout: 60_000 }, () => {
  let containers: RecyclingPlace;
  beforeEach(async () => {
    containers = await RecyclingPlace.make();
  });
  afterEach(() => containers.place.clean());

  it.each([
    ['with something that is no socket in its place', (box: string) => socketReplaced(box), 'is no socket'],
    ['with very many files at the top of its box', (box: string) => manyFiles(box), 'too many'],
    ['with a box of another launcher’s making', (box: string) => chmod(box, 0o700), 'was not made to be used'],
  ])('DS-29: %s is ended, and that is said', async (_, spoil, words) => {
    await containers.open();
    const order = orderFor();
    await containers.serve(await containers.warm(), order, () => Promise.resolve());
    await spoil(containers.place.boxOf(order));
    await containers.refuses(order, words);
    await containers.endsByItself();
    await containers.remove(order);
  });

  it('DS-29: whose image has moved on is ended, and that is said', async () => {
    await containers.open();
    const [repo, tag] = [`rh-test-${randomUUID()}`, '1'] as const;
    const image = `${repo}:${tag}`;
    await containers.place.docker.getImage(IMAGE).tag({ repo, tag });
    try {
      const order = orderFor({ ...SMALL, image });
      await containers.serve(await containers.warm({ ...SMALL, image }), order);
      await containers.place.docker.getImage(OTHER_IMAGE).tag({ repo, tag });
      await containers.refuses(order, 'is another image by now');
      await containers.endsByItself();
      await containers.remove(order);
    } finally {
      await containers.place.docker.getImage(image).remove();
    }
  });

  it('DS-29: whose worktree something still uses is ended, and that is said', async () => {
    const checkout = join(containers.place.root, 'checkout');
    const hubObjects = join(containers.place.root, 'hub/objects');
    for (const folder of [hubObjects, checkout]) await mkdir(folder, { recursive: true });
    const get = (): Promise<string> => Promise.resolve(checkout);
    await containers.open({ checkouts: () => Promise.resolve({ get, close: () => Promise.resolve() }) });
    if (containers.place.worktrees !== 'overlay') {
      process.stderr.write('skipped, a worktree that is in use: no mounts can be made here\n');
      expect(process.env['CI']).not.toBe('true');
      return;
    }
    const order = orderFor({ ...SMALL, hubObjects });
    await containers.serve(await containers.warm({ ...SMALL, hubObjects }), order);
    await containers.exec('sh', '-c', 'cd /sandbox/worktree && touch /tmp/in && exec sleep 60');
    await containers.exec('sh', '-c', 'until [ -e /tmp/in ]; do sleep 0.1; done; touch /sandbox/used');
    await eventually(() => readFile(containers.at(order, 'used')).catch(() => null), 'it is in use');
    await containers.refuses(order, 'something still uses');
    await containers.remove(order);
  });

  it('DS-29: while the engine is away stays the attempt’s', async () => {
    const proxy = new EngineProxy(join(containers.place.root, 'engine.sock'), ENGINE_SOCKET);
    await proxy.restore();
    try {
      await containers.open({ socketPath: proxy.path });
      const order = orderFor();
      await containers.serve(await containers.warm(), order);
      await proxy.cut();
      await containers.refuses(order, 'engine');
      await proxy.restore();
      await eventually(() => containers.sandboxes.readiness().ready, 'the engine is back');
      expect(await containers.sandboxes.list()).toMatchObject([{ taskId: order.taskId, state: 'running' }]);
      await containers.remove(order);
    } finally {
      await containers.sandboxes.close();
      await proxy.cut();
    }
  });
});

async function socketReplaced(box: string): Promise<void> {
  await rename(join(box, 'hand-over.sock'), join(box, 'moved'));
  await symlink('moved', join(box, 'hand-over.sock'));
}

async function manyFiles(box: string): Promise<void> {
  await Promise.all(Array.from({ length: 250 }, (_, n) => writeFile(join(box, `file-${n}`), '')));
}
