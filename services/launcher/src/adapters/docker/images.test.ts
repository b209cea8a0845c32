import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Sandboxes } from '../../ports.ts';
import { DockerPlace, IMAGE, SHELL_RUNNER, noEngine } from '../../testing/docker-place.ts';
import { eventually } from '../../testing/eventually.ts';
import { newOrder } from '../../testing/sandboxes-suite.ts';
import { isThere } from './box-file.ts';

const why = await noEngine();
if (why !== null) process.stderr.write(`skipped, images of sandboxes: ${why}\n`);

describe.skipIf(why !== null)('the image of a sandbox', { timeout: 60_000 }, () => {
  let place: DockerPlace;
  let sandboxes: Sandboxes;
  beforeEach(async () => {
    place = await DockerPlace.make(SHELL_RUNNER);
    sandboxes = await place.open();
  });
  afterEach(() => place.clean());

  it('DS-21: that is not there and cannot be pulled is a reason for a person, and no engine that is away', async () => {
    const order = { ...newOrder('plain'), image: 'registry.invalid/no/such:1' };
    await expect(sandboxes.start(order)).rejects.toThrow(
      /the image registry\.invalid\/no\/such:1 is not there and cannot/,
    );
    expect(sandboxes.readiness()).toEqual({ ready: true });
    // As what called it does then.
    await sandboxes.end(order);
    expect(await sandboxes.hasWork(order)).toBe(false);
    await sandboxes.remove(order);
    await sandboxes.discard(order);
    expect(await place.remains()).toEqual([]);
  });

  it('DS-17: gives a sandbox no disk of the host by the volumes that it declares', async () => {
    const tag = randomBytes(6).toString('hex');
    const { id } = await place.docker.createContainer({ Image: IMAGE, Cmd: ['true'] });
    await place.docker
      .getContainer(id)
      .commit({ repo: 'rh-with-volume', tag, changes: 'VOLUME /data\nENV NODE_OPTIONS=--require=/nowhere.js' });
    await place.docker.getContainer(id).remove();
    try {
      const order = { ...newOrder('plain'), image: `rh-with-volume:${tag}` };
      await sandboxes.start(order);
      await eventually(() => isThere(join(place.boxOf(order), 'up')), 'its Node starts whatever the image says');
      expect(await place.inside(order, 'grep " /data " /proc/mounts')).toMatch(/^tmpfs \/data tmpfs .*size=1024k/);
      expect(
        (await place.docker.getContainer(`run-${order.taskId}-1`).inspect()).Mounts.map(({ Type }) => Type),
      ).not.toContain('volume');
      await sandboxes.end(order);
      await sandboxes.remove(order);
      await sandboxes.discard(order);
    } finally {
      await place.docker.getImage(`rh-with-volume:${tag}`).remove({ force: true });
    }
  });

  it('DS-1: leaves a container alone that is not ours and has the name of one of ours', async () => {
    const order = newOrder('plain');
    const name = `run-${order.taskId}-1`;
    const foreign = await place.docker.createContainer({ name, Image: IMAGE, Cmd: ['true'] });
    try {
      await expect(sandboxes.start(order)).rejects.toThrow(`a container that is not ours is called ${name}`);
      expect((await foreign.inspect()).Name).toBe(`/${name}`);
    } finally {
      await foreign.remove({ force: true });
    }
  });

  it('DS-21: in which the runner cannot run is said with its last words', async () => {
    const order = { ...newOrder('plain'), limits: { ...newOrder('plain').limits, memoryMb: 6 } };
    await expect(sandboxes.start(order)).rejects.toThrow(/the runner (?:ran out of memory|ended with)|memory/i);
  });
});
