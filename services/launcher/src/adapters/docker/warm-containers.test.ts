import { randomUUID } from 'node:crypto';
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { PROFILE } from '../../testing/coordinator-double.ts';
import { DockerPlace, noEngine } from '../../testing/docker-place.ts';
import { eventually } from '../../testing/eventually.ts';
import { newOrder } from '../../testing/sandboxes-suite.ts';

const why = await noEngine();
if (why !== null) process.stderr.write(`skipped, warm containers: ${why}\n`);

const NEVER = new AbortController().signal;

describe.skipIf(why !== null)('a warm container', { timeout: 60_000 }, () => {
  let place: DockerPlace;
  afterEach(() => place.clean());
  const seenBy = (order: ReturnType<typeof newOrder>): Promise<string> =>
    eventually(() => readFile(join(place.boxOf(order), 'seen.json'), 'utf8').catch(() => null), 'it is up');

  it('DS-22: is handed an attempt however long its path is, and bears the attempt’s name from then on', async () => {
    place = await DockerPlace.make(undefined, 'a-folder-with-a-long-name-'.repeat(4));
    const sandboxes = await place.open();
    const [warmId, order] = [randomUUID(), newOrder('plain')];
    await sandboxes.startWarm({ warmId, profile: PROFILE }, NEVER);
    expect((await place.containers()).map(({ Names }) => Names)).toEqual([[`/warm-${warmId}`]]);
    expect(await sandboxes.assign(warmId, order, NEVER)).toBe('taken');
    await eventually(
      async () => (await place.containers())[0]?.Names[0] === `/run-${order.taskId}-1`,
      'it has its name',
    );
  });

  it('DS-22: that runs already sees the worktree that is laid for its attempt; what it writes stays apart', async () => {
    place = await DockerPlace.make();
    const checkout = join(place.root, 'checkout');
    const hubObjects = join(place.root, 'hub/objects');
    for (const folder of [checkout, hubObjects]) await mkdir(folder, { recursive: true });
    await writeFile(join(checkout, 'tracked.txt'), 'tracked');
    const get = (): Promise<string> => Promise.resolve(checkout);
    const sandboxes = await place.open({ checkouts: () => Promise.resolve({ get, close: () => Promise.resolve() }) });
    if (place.worktrees !== 'overlay') {
      process.stderr.write('skipped, a worktree laid into a running container: no mounts can be made here\n');
      expect(process.env['CI']).not.toBe('true');
      return;
    }
    const profile = { ...PROFILE, hubObjects };
    await sandboxes.prepare(profile, NEVER);
    const [warmId, order] = [randomUUID(), { ...newOrder('plain'), hubObjects }];
    await sandboxes.startWarm({ warmId, profile }, NEVER);
    expect(await sandboxes.assign(warmId, order, NEVER)).toBe('taken');
    expect(JSON.parse(await seenBy(order))).toMatchObject({ config: { worktree: 'prepared' } });
    // Had the container not seen the mount, what its runner wrote would lie below it.
    const worktree = join(place.boxOf(order), 'worktree');
    await eventually(async () => (await readdir(worktree)).includes('work.txt'), 'it has worked');
    expect((await readdir(worktree)).toSorted()).toEqual(['tracked.txt', 'work.txt']);
    expect(await readdir(checkout)).toEqual(['tracked.txt']);
  });

  it('DS-22: has its worktree laid ahead, and an attempt from another commit takes it as it is', async () => {
    place = await DockerPlace.make();
    const checkout = join(place.root, 'checkout');
    const hubObjects = join(place.root, 'hub/objects');
    for (const folder of [checkout, hubObjects]) await mkdir(folder, { recursive: true });
    await writeFile(join(checkout, 'tracked.txt'), 'tracked');
    const headCommit = 'b'.repeat(40);
    const get = ({ commit }: { commit: string }): Promise<string | null> =>
      Promise.resolve(commit === headCommit ? checkout : null);
    const sandboxes = await place.open({ checkouts: () => Promise.resolve({ get, close: () => Promise.resolve() }) });
    if (place.worktrees !== 'overlay') {
      process.stderr.write('skipped, a worktree laid ahead: no mounts can be made here\n');
      expect(process.env['CI']).not.toBe('true');
      return;
    }
    const [warmId, order] = [randomUUID(), { ...newOrder('plain'), hubObjects }];
    await sandboxes.startWarm({ warmId, profile: { ...PROFILE, hubObjects, headCommit } }, NEVER);
    expect(order.baseCommit).not.toBe(headCommit);
    expect(await sandboxes.assign(warmId, order, NEVER)).toBe('taken');
    expect(JSON.parse(await seenBy(order))).toMatchObject({ config: { worktree: 'prepared' } });
    expect(await readdir(join(place.boxOf(order), 'worktree'))).toContain('tracked.txt');
  });

  it('DS-22: that runs an older runner is ended when another launcher finds it', async () => {
    place = await DockerPlace.make();
    const earlier = await place.open();
    await earlier.startWarm({ warmId: randomUUID(), profile: PROFILE }, NEVER);
    await earlier.close();
    await writeFile(join(place.root, 'tree/tree.json'), JSON.stringify({ content: 'newer' }));
    const sandboxes = await place.open();
    expect(await sandboxes.recover()).toEqual([]);
    expect(await sandboxes.listWarm()).toEqual([]);
    expect(await place.remains()).toEqual([]);
  });
});
