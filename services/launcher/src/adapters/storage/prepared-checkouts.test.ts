import { mkdir, readFile, readdir, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../../testing/eventually.ts';
import { type Ground, makeGround } from '../../testing/storage-ground.ts';
import { type PrepareOrder, PreparedCheckouts, type PreparedCheckoutsOptions } from './prepared-checkouts.ts';

const PROJECT = '6f9619ff-8b86-4d01-b42d-00c04fc964ff';
const commitOf = (n: number): string => String(n).padStart(40, 'a');
const hubObjects = '/srv/hub/objects';
const never = new AbortController().signal;
const user = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };

describe('prepared checkouts', () => {
  let ground: Ground;
  let made: PrepareOrder[];
  let checkouts: PreparedCheckouts;
  let now = Date.now();

  beforeEach(async () => {
    ground = await makeGround();
    made = [];
    now = Date.now();
    checkouts = await open();
  });
  afterEach(async () => {
    await checkouts.close();
    await ground.end();
  });

  const open = (options: Partial<PreparedCheckoutsOptions> = {}): Promise<PreparedCheckouts> =>
    PreparedCheckouts.open({
      root: ground.root,
      worktrees: 'overlay',
      ...user,
      prepare: async (order) => {
        made.push(order);
        await mkdir(join(order.folder, 'worktree'));
        await writeFile(join(order.folder, 'worktree/commit'), order.baseCommit);
      },
      log: ground.log,
      now: () => now,
      ...options,
    });
  const get = (n: number, signal = never): Promise<string | null> =>
    checkouts.get({ projectId: PROJECT, commit: commitOf(n), hubObjects }, signal);
  const onDisk = async (): Promise<string[]> =>
    (await readdir(join(ground.root, 'checkouts', PROJECT))).map((name) => name.replace(/^a+/, '')).sort();
  /** As if it had been used last so long ago. */
  const age = async (n: number, ms: number): Promise<void> => {
    const at = new Date(now - ms);
    await utimes(join(ground.root, 'checkouts', PROJECT, commitOf(n)), at, at);
  };

  it('SS-11: one is made for all who want it at once, and kept', async () => {
    const paths = await Promise.all([1, 1, 1, 2].map((n) => get(n)));
    expect(new Set(paths).size).toBe(2);
    expect(await readFile(join(paths[0]!, 'commit'), 'utf8')).toBe(commitOf(1));
    expect(paths[0]).toBe(join(ground.root, 'checkouts', PROJECT, commitOf(1), 'worktree'));
    expect(await get(1)).toBe(paths[0]);
    await checkouts.close();
    checkouts = await open();
    expect(await get(1)).toBe(paths[0]);
    expect(made).toHaveLength(2);
    expect(made.find(({ baseCommit }) => baseCommit === commitOf(1))).toMatchObject({ hubObjects, projectId: PROJECT });
    expect(await onDisk()).toEqual(['1', '2']);
  });

  it('SS-11: where worktrees are no overlays there is none', async () => {
    checkouts = await open({ worktrees: 'checkout' });
    expect(await get(1)).toBeNull();
    expect(made).toEqual([]);
  });

  it('SS-12: what cannot be made is said once and not tried again for a minute', async () => {
    let tries = 0;
    checkouts = await open({
      prepare: async ({ folder }) => {
        tries += 1;
        await mkdir(join(folder, 'worktree'));
        if (tries === 1) throw new Error('no space');
      },
    });
    expect(await Promise.all([get(1), get(1)])).toEqual([null, null]);
    expect(await get(1)).toBeNull();
    expect(tries).toBe(1);
    expect(ground.lines.filter(({ level }) => level === 'warn')).toHaveLength(1);
    expect(await onDisk()).toEqual([]);
    expect(await get(2)).not.toBeNull();
    now += 61_000;
    expect(await get(1)).not.toBeNull();
    expect(tries).toBe(3);
  });

  it('SS-12: nothing half made, and no link to elsewhere, is ever used', async () => {
    const project = join(ground.root, 'checkouts', PROJECT);
    await mkdir(join(project, '.making-aaaa-x/worktree'), { recursive: true });
    await mkdir(join(project, `.gone-${commitOf(7)}/worktree`), { recursive: true });
    checkouts = await open({ prepare: ({ folder }) => symlink('/etc', join(folder, 'worktree')) });
    expect(await onDisk()).toEqual([]);
    expect(await get(1)).toBeNull();
    expect(await onDisk()).toEqual([]);
    checkouts = await open({ prepare: async () => undefined });
    expect(await get(1)).toBeNull();
    expect(ground.lines.at(-1)?.fields).toMatchObject({ err: new Error('no worktree was made') });
  });

  it('SS-12: the making ends with the last who waits for it, and not before', async () => {
    const stopped: unknown[] = [];
    checkouts = await open({
      prepare: async (order, signal) => {
        made.push(order);
        await delay(60_000, undefined, { signal }).catch(() => stopped.push(signal.reason));
        signal.throwIfAborted();
      },
    });
    const [one, other] = [new AbortController(), new AbortController()];
    const waits = [get(1, one.signal), get(1, other.signal)];
    await eventually(() => made.length === 1, 'the making has begun');
    one.abort(new Error('first'));
    await expect(waits[0]).rejects.toThrow('first');
    expect(stopped).toEqual([]);
    other.abort(new Error('second'));
    await expect(waits[1]).rejects.toThrow('second');
    await eventually(() => stopped.length === 1, 'the making is stopped');
    const again = get(1);
    await eventually(() => made.length === 2, 'another one is begun at once');
    await checkouts.close();
    expect(await again).toBeNull();
    expect(await onDisk()).toEqual([]);
    expect(ground.lines.filter(({ level }) => level === 'warn')).toEqual([]);
  });

  it('SS-13: the four used last are kept, and all that a worktree lies over', async () => {
    const paths = await Promise.all([1, 2, 3, 4, 5, 6, 7].map((n) => get(n)));
    await checkouts.close();
    await mkdir(join(ground.root, 'slots/s1'), { recursive: true });
    await symlink(paths[0]!, join(ground.root, 'slots/s1/checkout'));
    await mkdir(join(ground.root, 'kept/.slots/k1'), { recursive: true });
    await symlink(paths[1]!, join(ground.root, 'kept/.slots/k1/checkout'));
    for (const n of [1, 2]) await age(n, 30 * 24 * 3_600_000);
    for (const n of [3, 4, 5, 6, 7]) await age(n, (20 - n) * 60_000);
    checkouts = await open();
    expect(await onDisk()).toEqual(['1', '2', '4', '5', '6', '7']);
    await get(8);
    await checkouts.close();
    expect(await onDisk()).toEqual(['1', '2', '5', '6', '7', '8']);
  });

  it('SS-13: one that was just handed out is not deleted before its worktree is laid', async () => {
    await Promise.all([1, 2, 3, 4, 5, 6, 7].map((n) => get(n)));
    await checkouts.close();
    expect(await onDisk()).toHaveLength(7);
    now += 11 * 60_000;
    checkouts = await open();
    expect(await onDisk()).toHaveLength(4);
    now += 8 * 24 * 3_600_000;
    checkouts = await open();
    expect(await onDisk()).toEqual([]);
  });
});
