import { randomUUID } from 'node:crypto';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SandboxesAwayError, type StartOrder } from '../../ports.ts';
import { DockerPlace, SHELL_RUNNER, noEngine } from '../../testing/docker-place.ts';
import { eventually } from '../../testing/eventually.ts';
import { newOrder } from '../../testing/sandboxes-suite.ts';
import { isThere } from './box-file.ts';

const why = await noEngine();
if (why !== null) process.stderr.write(`skipped, doors of containers: ${why}\n`);

describe.skipIf(why !== null)('the doors of a container', { timeout: 60_000 }, () => {
  let place: DockerPlace;
  beforeEach(async () => {
    place = await DockerPlace.make(SHELL_RUNNER);
  });
  afterEach(async () => {
    await place.clean();
  });
  const up = (order: StartOrder): Promise<boolean> =>
    eventually(() => isThere(join(place.boxOf(order), 'up')), 'the runner is up', 20_000);

  it('DS-24: it sees its own and no sibling’s, and cannot write there; they go with it', async () => {
    const sandboxes = await place.open();
    const [one, other] = [newOrder('plain'), newOrder('plain')];
    await Promise.all([sandboxes.start(one), sandboxes.start(other)]);
    await Promise.all([up(one), up(other)]);
    const slots = [one, other].map((order) => place.handleOf(order).slot);
    expect((await readdir(place.doors)).toSorted()).toEqual(slots.toSorted());
    expect(await place.inside(one, 'ls -A /run/roundhouse')).toBe('coordinator.sock');
    const inode = await place.inside(one, 'stat -c %i /run/roundhouse/coordinator.sock');
    expect(await place.inside(other, 'stat -c %i /run/roundhouse/coordinator.sock')).not.toBe(inode);
    for (const script of [
      'rm -f /run/roundhouse/coordinator.sock',
      'touch /run/roundhouse/x',
      'mkdir /run/roundhouse/x',
    ])
      expect(await place.inside(one, `${script} 2>&1 && echo DONE`)).toContain('Read-only file system');
    await sandboxes.end(one);
    await sandboxes.remove(one);
    expect(await readdir(place.doors)).toEqual([slots[1]]);
    await sandboxes.discard(one);
    await sandboxes.end(other);
    await sandboxes.keep(other);
    expect(await readdir(place.doors)).toEqual([]);
  });

  it('DS-25: without a relay an attempt goes back with the reason, nothing is left of it, and it starts when it is back', async () => {
    const sandboxes = await place.open();
    await place.relay.stop();
    const order = newOrder('plain');
    const started = sandboxes.start(order);
    await expect(started).rejects.toThrow('the relay has not opened its door');
    await expect(started).rejects.toBeInstanceOf(SandboxesAwayError);
    expect(await place.remains()).toEqual([]);
    const stopping = new AbortController();
    const stopped = sandboxes.start(order, stopping.signal);
    stopping.abort(new Error('the launcher is stopping'));
    await expect(stopped).rejects.toThrow('the launcher is stopping');
    expect(await place.remains()).toEqual([]);
    await place.relay.start();
    await sandboxes.start(order);
    await up(order);
  });

  it('DS-26: those that an earlier launcher left without a handle go, those of what runs stay', async () => {
    const earlier = await place.open();
    const order = newOrder('plain');
    await earlier.start(order);
    await up(order);
    await earlier.close();
    for (const name of ['bbbbbbbbbbbb', '.removed-cccccccccccc', '.new-dddddddddddd'])
      await mkdir(join(place.doors, name));
    const sandboxes = await place.open();
    await sandboxes.recover();
    expect(await readdir(place.doors)).toEqual([place.handleOf(order).slot]);
    await mkdir(join(place.doors, 'eeeeeeeeeeee'));
    await sandboxes.list();
    expect(await readdir(place.doors)).toEqual([place.handleOf(order).slot]);
    expect(await place.inside(order, 'test -S /run/roundhouse/coordinator.sock && echo there')).toBe('there');
  });

  it('DS-25: an archive waits for the relay too, and its being away is no failed archive', async () => {
    const sandboxes = await place.open();
    const order = newOrder('plain');
    await sandboxes.start(order);
    await up(order);
    await sandboxes.end(order);
    await place.relay.stop();
    const archive = { ...order, ref: 'refs/archive/x/1', token: `of ${randomUUID()}` };
    await expect(sandboxes.archive(archive, AbortSignal.timeout(30_000))).rejects.toBeInstanceOf(SandboxesAwayError);
  });
});
