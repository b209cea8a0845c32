import { randomUUID } from 'node:crypto';
import { mkdir, readFile, readdir, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { IMAGE, noEngine } from '../../testing/docker-place.ts';
import { eventually } from '../../testing/eventually.ts';
import { RecyclingPlace, SMALL, orderFor } from '../../testing/recycling-place.ts';

const why = await noEngine();
if (why !== null) process.stderr.write(`skipped, containers that are used again: ${why}\n`);

const NEVER = new AbortController().signal;
const MIB = 1_048_576;
const IN_USE = ['hand-over.sock', 'seen.json', 'up', 'worktree'];

describe.skipIf(why !== null)('a container whose attempt is over', { timeout: 60_000 }, () => {
  let containers: RecyclingPlace;
  beforeEach(async () => {
    containers = await RecyclingPlace.make();
  });
  afterEach(() => containers.place.clean());

  it.each(['auto', 'never'] as const)(
    'DS-28: has an empty box and all of its space for the next one (mounts: %s)',
    async (mounts) => {
      const profile = { ...SMALL, hubObjects: join(containers.place.root, 'hub/objects') };
      const checkout = join(containers.place.root, 'checkout');
      for (const folder of [profile.hubObjects, checkout]) await mkdir(folder, { recursive: true });
      await writeFile(join(checkout, 'tracked.txt'), 'tracked');
      const get = (): Promise<string> => Promise.resolve(checkout);
      await containers.open({ mounts, checkouts: () => Promise.resolve({ get, close: () => Promise.resolve() }) });
      const isLaid = containers.place.worktrees === 'overlay';
      if (!isLaid) expect(mounts === 'auto' && process.env['CI'] === 'true').toBe(false);
      await containers.sandboxes.prepare(profile, NEVER);
      const [first, second] = [orderFor(profile), orderFor(profile)];
      const warmId = await containers.warm(profile);
      const before = await containers.ids();
      const free = { before: 0, after: 0 };
      await containers.serve(warmId, first, async () => {
        free.before = await containers.freeMb(first);
        await writeFile(containers.at(first, 'worktree/trace'), Buffer.alloc(20 * MIB, 1));
        await mkdir(containers.at(first, 'home/.cache/deep'), { recursive: true });
        await writeFile(containers.at(first, 'home/.cache/deep/trace'), Buffer.alloc(20 * MIB, 1));
        await symlink('/etc', containers.at(first, 'elsewhere'));
        await writeFile(Buffer.from(`${containers.place.boxOf(first)}/\xff\xfe`, 'latin1'), 'its name is no text');
      });
      const { slot } = containers.place.handleOf(first);
      await containers.recycled(first);
      expect(await containers.sandboxes.list()).toEqual([]);
      const [again] = await containers.sandboxes.listWarm();
      expect(again).toMatchObject({ isReady: true, profile });
      await eventually(
        async () => (await containers.place.containers())[0]?.Names[0] === `/warm-${again?.warmId}`,
        'it bears its new name',
      );
      expect(await containers.assign(again?.warmId ?? '', second)).toBe('taken');
      await containers.isUp(second);
      const seen = await readFile(containers.at(second, 'seen.json'), 'utf8');
      expect(JSON.parse(seen)).toMatchObject({ config: { worktree: isLaid ? 'prepared' : 'checkout' } });
      expect(seen).not.toContain(first.taskId);
      expect((await readdir(containers.place.boxOf(second))).toSorted()).toEqual(IN_USE);
      const tracked = isLaid ? ['tracked.txt'] : [];
      expect((await readdir(containers.at(second, 'worktree'))).toSorted()).toEqual([...tracked, 'work.txt']);
      expect(await readdir(checkout)).toEqual(['tracked.txt']);
      if (isLaid) {
        free.after = await containers.freeMb(second);
        expect(Math.abs(free.after - free.before)).toBeLessThan(0.5);
        const image = await stat(join(containers.place.data, 'slots', slot, 'disk.img'));
        expect((image.blocks * 512) / MIB).toBeLessThan(8);
      }
      expect(await containers.ids()).toEqual(before);
    },
  );

  it('DS-28: is no other project’s, and nobody’s whose image or limits are others', async () => {
    await containers.open();
    const others = [
      { ...SMALL, projectId: randomUUID() },
      { ...SMALL, image: 'node:22-bookworm-slim' },
      { ...SMALL, limits: { ...SMALL.limits, pids: 99 } },
    ];
    for (const other of others) {
      const order = orderFor();
      await containers.serve(await containers.warm(), order);
      const warmId = await containers.recycled(order);
      expect(await containers.assign(warmId, orderFor(other))).toBe('refused');
      expect(await containers.place.remains()).toEqual([]);
    }
    // The name of the default image is the same image.
    expect(await containers.assign(await containers.warm(), orderFor({ ...SMALL, image: IMAGE }))).toBe('taken');
  });

  it('DS-28: serves fifty attempts at most, counted over restarts of the launcher', async () => {
    await containers.open();
    const order = orderFor();
    await containers.serve(await containers.warm(), order);
    await containers.recycled(order);
    await containers.sandboxes.close();
    const [handle] = containers.place.handles();
    expect(handle?.subject).toMatchObject({ kind: 'warm', uses: 1 });
    const file = join(containers.place.data, 'handles', `${handle?.slot}.json`);
    await writeFile(file, JSON.stringify({ ...handle, subject: { ...handle?.subject, uses: 48 } }));
    await containers.open();
    const [last, over] = [orderFor(), orderFor(SMALL, 'plain')];
    await containers.serve((await containers.sandboxes.listWarm())[0]?.warmId ?? '', last);
    expect(await containers.assign(await containers.recycled(last), over)).toBe('taken');
    await containers.isUp(over);
    expect(JSON.parse(await readFile(containers.at(over, 'seen.json'), 'utf8'))).toMatchObject({ again: false });
  });
});
