import { randomUUID } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SANDBOX_MARK, sandboxName } from '@roundhouse/contracts';
import { MARK_VARIABLE, endProcessTree, findProcesses, startTimeOf } from '@roundhouse/host';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { StartOrder } from '../../ports.ts';
import { eventually } from '../../testing/eventually.ts';
import { newOrder as anyOrder } from '../../testing/sandboxes-suite.ts';
import { ProcessSandboxes } from './process-sandbox.ts';

const RUNNER = new URL('../../../src/testing/tiny-runner.mjs', import.meta.url).pathname;

let root: string;
let sandboxes: ProcessSandboxes;
const orders: StartOrder[] = [];

function newOrder(word: string): StartOrder {
  const order = anyOrder(word);
  orders.push(order);
  return order;
}
const open = (): ProcessSandboxes =>
  new ProcessSandboxes({
    root,
    coordinatorUrl: 'http://127.0.0.1:1',
    mcpUrl: 'http://127.0.0.1:2/mcp',
    runner: { main: RUNNER, environment: { PATH: '/usr/bin:/bin', TMPDIR: '/tmp' } },
    archiveMs: 1_500,
  });
const folderOf = (order: StartOrder): string => join(root, sandboxName(order.taskId, order.attempt));
const isUp = (order: StartOrder): Promise<number> =>
  eventually(() => readFile(join(folderOf(order), 'up'), 'utf8').then(Number, () => null), 'the runner is up');
const processesOf = (order: StartOrder): Promise<number[]> =>
  findProcesses({ mark: sandboxName(order.taskId, order.attempt) });
const starts = async (): Promise<number> =>
  (await readFile(join(root, 'starts.log'), 'utf8').catch(() => '')).split('\n').filter((line) => line !== '').length;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'launcher-sandbox-'));
  sandboxes = open();
  await sandboxes.recover();
});
afterEach(async () => {
  for (const order of orders.splice(0)) {
    await endProcessTree({ mark: sandboxName(order.taskId, order.attempt) }, { graceMs: 0, killMs: 5_000 });
  }
  await rm(root, { recursive: true });
});

describe('process sandboxes', () => {
  it('L-2: start gives the runner its secrets in a private file, a private folder, and nothing of our environment', async () => {
    const order = newOrder('plain');
    await sandboxes.start(order);
    const pid = await isUp(order);
    const folder = folderOf(order);
    const seen = JSON.parse(await readFile(join(folder, 'seen.json'), 'utf8')) as Record<
      string,
      Record<string, unknown>
    >;
    expect(seen['modes']).toEqual({ config: '600', folder: '700' });
    expect(seen['env']).toEqual({
      PATH: '/usr/bin:/bin',
      TMPDIR: '/tmp',
      ROUNDHOUSE_SANDBOX: sandboxName(order.taskId, 1),
    });
    expect(JSON.stringify(seen['argv'])).not.toContain('secret');
    expect(seen['config']).toMatchObject({
      mode: 'attempt',
      taskId: order.taskId,
      token: 'secret plain',
      hubObjects: order.hubObjects,
      folder,
    });
    expect(await readdir(folder)).not.toContain('config.json');
    const handle = JSON.parse(await readFile(join(folder, 'handle.json'), 'utf8')) as Record<string, unknown>;
    expect(handle).toMatchObject({ taskId: order.taskId, attempt: 1, pid, startTime: await startTimeOf(pid) });
    expect((await stat(join(folder, 'runner.log'))).mode & 0o777).toBe(0o600);
  });

  it('L-12: an image is refused with words that say what to do', async () => {
    const order = { ...newOrder('plain'), image: 'debian:bookworm-slim' };
    await expect(sandboxes.start(order)).rejects.toThrow(
      'plain processes and cannot use the image debian:bookworm-slim',
    );
    expect(await sandboxes.list()).toEqual([]);
  });

  it('L-12: a runner that was given an attempt and had not taken it when its launcher died is replaced', async () => {
    const order = newOrder('plain');
    const warmId = randomUUID();
    const { projectId, image, limits, hubObjects } = order;
    const profile = { projectId, image, limits, hubObjects: hubObjects ?? '', headCommit: null };
    await sandboxes.startWarm({ warmId, profile }, new AbortController().signal);
    const [waiting] = await findProcesses({ mark: `warm-${warmId}` });
    await sandboxes.close();
    // This far, and no further.
    await rename(join(root, `warm-${warmId}`), folderOf(order));
    const next = open();
    expect(await next.recover()).toMatchObject([{ taskId: order.taskId, state: 'running' }]);
    await next.start(order);
    expect(await isUp(order)).not.toBe(waiting);
    expect(await startTimeOf(waiting as number)).toBeNull();
  });

  it('WP-4: a warm sandbox of an older runner is ended by the next launcher', async () => {
    const warmId = randomUUID();
    const { projectId, image, limits } = newOrder('plain');
    const profile = { projectId, image, limits, hubObjects: '/objects', headCommit: null };
    await sandboxes.startWarm({ warmId, profile }, new AbortController().signal);
    await sandboxes.close();
    const handleFile = join(root, `warm-${warmId}`, 'handle.json');
    const handle = JSON.parse(await readFile(handleFile, 'utf8')) as Record<string, unknown>;
    await writeFile(handleFile, JSON.stringify({ ...handle, runner: 'an older one' }));
    const next = open();
    await next.recover();
    expect(await next.listWarm()).toEqual([]);
    expect(await findProcesses({ mark: `warm-${warmId}` })).toEqual([]);
    expect(await readdir(root)).toEqual([]);
  });

  it('L-2: the mark is the one by which the host finds processes', () => {
    expect(MARK_VARIABLE).toBe(SANDBOX_MARK);
  });

  it('L-3: a second start of the same attempt, also by another launcher, is the same sandbox', async () => {
    const order = newOrder('plain');
    await sandboxes.start(order);
    const pid = await isUp(order);
    await sandboxes.start(order);
    await open().start(order);
    expect(await processesOf(order)).toEqual([pid]);
    expect(await starts()).toBe(1);
  });

  it('L-3: a start over what a crash left half made replaces it, and ends what runs there', async () => {
    const order = newOrder('idle');
    await sandboxes.start(order);
    const orphan = await isUp(order);
    await rm(join(folderOf(order), 'handle.json'));
    await open().start(order);
    const pid = await isUp(order);
    expect(pid).not.toBe(orphan);
    await eventually(async () => (await processesOf(order)).join() === String(pid), 'one runner only');
  });

  it('L-3: a start never throws away work', async () => {
    const order = newOrder('plain');
    await mkdir(join(folderOf(order), 'worktree'), { recursive: true });
    await writeFile(join(folderOf(order), 'worktree/work.txt'), 'work');
    await expect(sandboxes.start(order)).rejects.toThrow('work of an earlier start');
    expect(await readFile(join(folderOf(order), 'worktree/work.txt'), 'utf8')).toBe('work');
  });

  it('L-6: another launcher finds live runners again and tells a reused pid apart', async () => {
    const [live, reused] = [newOrder('plain'), newOrder('plain')];
    await Promise.all([sandboxes.start(live), sandboxes.start(reused)]);
    await Promise.all([isUp(live), isUp(reused)]);
    await sandboxes.end(reused);
    const handleFile = join(folderOf(reused), 'handle.json');
    const handle = JSON.parse(await readFile(handleFile, 'utf8')) as Record<string, unknown>;
    await writeFile(handleFile, JSON.stringify({ ...handle, pid: process.pid }));
    const views = await open().recover();
    const stateOf = (order: StartOrder): string | undefined =>
      views.find(({ taskId }) => taskId === order.taskId)?.state;
    expect([stateOf(live), stateOf(reused)]).toEqual(['running', 'stopped']);
  });

  it('L-6: says that a runner has exited', async () => {
    const order = newOrder('brief');
    const exited = new Promise((resolve) => sandboxes.onExited(resolve));
    await sandboxes.start(order);
    expect(await exited).toEqual({ taskId: order.taskId, attempt: 1 });
    expect(await sandboxes.list()).toEqual([{ taskId: order.taskId, attempt: 1, state: 'stopped' }]);
  });

  it('L-7: end takes a runner and its child that ignore SIGTERM and SIGHUP, and twice is fine', async () => {
    const order = newOrder('stubborn');
    await sandboxes.start(order);
    await isUp(order);
    await eventually(async () => (await processesOf(order)).length >= 2, 'the child runs');
    await sandboxes.end(order);
    await sandboxes.end(order);
    expect(await processesOf(order)).toEqual([]);
  });

  it('L-8: archive answers what the archive run did, within its bound, and leaves no process', async () => {
    const order = newOrder('plain');
    await sandboxes.start(order);
    await isUp(order);
    await sandboxes.end(order);
    expect(await sandboxes.hasWork(order)).toBe(true);
    const archive = (word: string, signal = new AbortController().signal): Promise<unknown> =>
      sandboxes.archive({ ...order, ref: 'refs/archive/x/1', token: `secret ${word}` }, signal);
    expect(await archive('save')).toEqual({ outcome: 'archived' });
    expect(await archive('refuse')).toMatchObject({
      outcome: 'failed',
      reason: expect.stringContaining('ended with 1'),
    });
    expect(await archive('hang')).toMatchObject({ outcome: 'failed', reason: expect.stringContaining('1500 ms') });
    expect(await archive('hang', AbortSignal.timeout(200))).toMatchObject({ outcome: 'failed' });
    expect(await processesOf(order)).toEqual([]);
  });

  it('L-8: a folder is out of the way at once, deleted later, and both twice are fine; folders nobody may write too', async () => {
    const order = newOrder('plain');
    const locked = join(folderOf(order), 'home/go/mod');
    await mkdir(locked, { recursive: true });
    await writeFile(join(locked, 'file'), 'x');
    await chmod(locked, 0o500);
    await sandboxes.remove(order);
    expect(await sandboxes.list()).toEqual([{ taskId: order.taskId, attempt: 1, state: 'removed' }]);
    await sandboxes.remove(order);
    await sandboxes.discard(order);
    await sandboxes.discard(order);
    expect(await sandboxes.list()).toEqual([]);
    expect(await readdir(root)).toEqual([]);
  });

  it('L-8: a kept folder is off the list with all that is in it', async () => {
    const order = newOrder('plain');
    await mkdir(join(folderOf(order), 'worktree'), { recursive: true });
    await writeFile(join(folderOf(order), 'worktree/work.txt'), 'work');
    await sandboxes.keep(order);
    await sandboxes.keep(order);
    expect(await sandboxes.list()).toEqual([]);
    expect(await readFile(join(sandboxes.keptPath(order), 'worktree/work.txt'), 'utf8')).toBe('work');
  });

  it('L-10: windDown lets the runner end by itself and does not touch a process that is not the runner', async () => {
    const order = newOrder('plain');
    await sandboxes.start(order);
    const pid = await isUp(order);
    await sandboxes.windDown(order, AbortSignal.timeout(5_000));
    expect(await startTimeOf(pid)).toBeNull();
    const handleFile = join(folderOf(order), 'handle.json');
    const handle = JSON.parse(await readFile(handleFile, 'utf8')) as Record<string, unknown>;
    // An agent that writes our pid into the handle must not make us end ourselves.
    await writeFile(
      handleFile,
      JSON.stringify({ ...handle, pid: process.pid, startTime: await startTimeOf(process.pid) }),
    );
    await sandboxes.windDown(order, AbortSignal.timeout(5_000));
    await sandboxes.end(order);
  });
});
