import { fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { access, mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type AttemptJob, RoundhouseError, attemptJobId, sandboxName } from '@roundhouse/contracts';
import { findProcesses, startTimeOf } from '@roundhouse/host';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from './testing/eventually.ts';
import { LauncherPlace } from './testing/launcher-place.ts';

const MAIN = new URL('../dist/bundle/main.js', import.meta.url).pathname;

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

let place: LauncherPlace;

beforeEach(async () => {
  place = await LauncherPlace.make();
});
afterEach(() => place.clean());

// Real processes and real pauses: on a busy machine they add up to more than the usual bound.
describe('launcher', { timeout: 90_000 }, () => {
  it('L-9: after kill -9 the next launcher goes on with the live runners, starts none twice, and can end them', async () => {
    const first = await place.launch();
    const jobs = await place.add(3);
    const pids = await Promise.all(jobs.map((job) => place.pidOf(job)));
    first.kill('SIGKILL');
    await once(first, 'exit');
    expect(await Promise.all(pids.map(startTimeOf))).not.toContain(null);

    await place.launch();
    await eventually(
      () =>
        place.coordinator.toldOf('reconcileAttempts').some(({ sandboxes }) => (sandboxes as unknown[]).length === 3),
      'all three are known',
    );
    expect(await Promise.all(jobs.map((job) => place.pidOf(job)))).toEqual(pids);
    expect(await place.starts('attempt')).toBe(3);

    place.coordinator.want = 'destroy';
    for (const job of jobs) expect(await place.gone(job)).toMatchObject({ kept: null });
    expect(await Promise.all(pids.map(startTimeOf))).toEqual([null, null, null]);
    await eventually(
      async () => (await readdir(place.root)).every((name) => name === 'starts.log'),
      'the folders are gone',
    );
    expect(await place.starts('archive')).toBe(3);
  });

  it('L-9: a runner that died while no launcher was there is archived, removed and reported', async () => {
    const first = await place.launch();
    const job = await place.addOne();
    const pid = await place.pidOf(job);
    first.kill('SIGKILL');
    process.kill(pid, 'SIGKILL');
    await eventually(async () => (await startTimeOf(pid)) === null, 'the runner is dead');
    await place.launch();
    expect(await place.gone(job)).toMatchObject({ kept: null, reason: 'its runner has ended' });
    expect(await place.starts('archive')).toBe(1);
    expect(await exists(place.folderOf(job))).toBe(false);
  });

  it('L-7: a runner that does not stop in its time is ended, with a child that ignores every signal', async () => {
    place.coordinator.runnerWord = 'stubborn';
    await place.launch();
    const job = await place.addOne();
    await place.pidOf(job);
    place.coordinator.want = 'stop';
    place.coordinator.stopSinceMs = 16_000;
    expect(await place.gone(job)).toMatchObject({ kept: null });
    expect(await findProcesses({ mark: sandboxName(job.taskId, job.attempt) })).toEqual([]);
  });

  it('L-8: what is archived already is not archived again', async () => {
    place.coordinator.archiveWord = 'archived';
    await place.launch();
    const job = await place.addOne();
    process.kill(await place.pidOf(job), 'SIGTERM');
    expect(await place.gone(job)).toMatchObject({ kept: null });
    expect(await place.starts('archive')).toBe(0);
  });

  it('L-8: work that cannot be archived is tried three times, then kept where the report says', async () => {
    place.coordinator.archiveWord = 'refuse';
    await place.launch();
    const job = await place.addOne();
    process.kill(await place.pidOf(job), 'SIGTERM');
    const { kept, reason } = await place.gone(job, 25_000);
    expect(reason).toContain('not archived');
    await eventually(
      async () => (await readFile(join(String(kept), 'worktree/work.txt'), 'utf8').catch(() => '')) === 'work',
      'it is there',
    );
    expect(await place.starts('archive')).toBe(3);
    expect(await exists(place.folderOf(job))).toBe(false);
  });

  it('L-8: while the coordinator is away nothing is deleted and no live runner is ended', async () => {
    await place.launch();
    const [dead, live] = (await place.add(2)) as [AttemptJob, AttemptJob];
    const [deadPid, livePid] = await Promise.all([place.pidOf(dead), place.pidOf(live)]);
    await place.coordinator.stop();
    process.kill(deadPid, 'SIGTERM');
    await new Promise((resolve) => setTimeout(resolve, 4_000));
    expect(await readFile(join(place.folderOf(dead), 'worktree/work.txt'), 'utf8')).toBe('work');
    expect(await startTimeOf(livePid)).not.toBeNull();
    await place.coordinator.start();
    await place.gone(dead, 20_000);
    expect(place.coordinator.toldOf('reportGone').map(({ taskId }) => taskId)).toEqual([dead.taskId]);
    expect(await startTimeOf(livePid)).not.toBeNull();
  });

  it('L-5: an attempt that is not wanted any more starts nothing and leaves the queue', async () => {
    place.coordinator.claim = () => {
      throw new RoundhouseError('attempt_stale', 'a newer attempt owns the task');
    };
    await place.launch();
    await place.add();
    await eventually(() => place.coordinator.toldOf('claimAttempt').length === 1, 'it is claimed');
    await eventually(
      async () => Object.values(await place.queue.getJobCounts()).every((count) => count === 0),
      'it left the queue',
    );
    expect(await readdir(place.root)).toEqual([]);
  });

  it('L-5: an attempt waits for a coordinator that is away', async () => {
    await place.coordinator.stop();
    await place.launch();
    const job = await place.addOne();
    await eventually(async () => (await place.queue.getDelayedCount()) === 1, 'it waits');
    await place.coordinator.start();
    await place.pidOf(job);
    expect(await place.starts('attempt')).toBe(1);
  });

  it('L-5: a sandbox that cannot be started is reported with the reason, and its place is free again', async () => {
    await place.launch({ ROUNDHOUSE_SLOTS: '1' });
    const job = { taskId: randomUUID(), attempt: 1 };
    await mkdir(join(place.folderOf(job), 'worktree'), { recursive: true });
    await writeFile(join(place.folderOf(job), 'worktree/work.txt'), 'of an earlier start');
    await place.queue.add('attempt', job, { jobId: attemptJobId(job) });
    await place.gone(job);
    const next = await place.addOne();
    await place.pidOf(next);
  });

  it('L-10: "stop" ends every sandbox, archives its work, reports it, and leaves no process', async () => {
    const launcher = await place.launch();
    const jobs = await place.add(4);
    await Promise.all(jobs.map((job) => place.pidOf(job)));
    expect(await place.stop(launcher)).toBe(0);
    for (const { taskId, attempt } of jobs)
      expect(await findProcesses({ mark: sandboxName(taskId, attempt) })).toEqual([]);
    expect(
      place.coordinator
        .toldOf('reportGone')
        .map(({ taskId }) => taskId)
        .sort(),
    ).toEqual(jobs.map(({ taskId }) => taskId).sort());
    expect(await readdir(place.root)).toEqual(['starts.log']);
  });

  it('L-10: what "stop" cannot archive stays for the next start, without a process', async () => {
    place.coordinator.archiveWord = 'refuse';
    const launcher = await place.launch();
    const job = await place.addOne();
    await place.pidOf(job);
    expect(await place.stop(launcher)).toBe(0);
    expect(await findProcesses({ mark: sandboxName(job.taskId, job.attempt) })).toEqual([]);
    expect(await readFile(join(place.folderOf(job), 'worktree/work.txt'), 'utf8')).toBe('work');
    expect(place.coordinator.toldOf('reportGone')).toEqual([]);
    place.coordinator.archiveWord = 'save';
    await place.launch();
    expect(await place.gone(job)).toMatchObject({ kept: null });
  });

  it('L-10: an archive run that hangs holds up "stop" for less than 20 s and does not outlive it', async () => {
    place.coordinator.archiveWord = 'hang';
    const launcher = await place.launch();
    const job = await place.addOne();
    await place.pidOf(job);
    const before = Date.now();
    expect(await place.stop(launcher)).toBe(0);
    // With what a busy machine adds.
    expect(Date.now() - before).toBeLessThan(30_000);
    expect(await findProcesses({ mark: sandboxName(job.taskId, job.attempt) })).toEqual([]);
    expect(await readFile(join(place.folderOf(job), 'worktree/work.txt'), 'utf8')).toBe('work');
  });

  it('L-10: "leave" ends at once and leaves the runners alone', async () => {
    const launcher = await place.launch({ ROUNDHOUSE_ON_SHUTDOWN: 'leave' });
    const job = await place.addOne();
    const pid = await place.pidOf(job);
    const before = Date.now();
    expect(await place.stop(launcher)).toBe(0);
    expect(Date.now() - before).toBeLessThan(15_000);
    expect(await startTimeOf(pid)).not.toBeNull();
    expect(place.coordinator.toldOf('reportGone')).toEqual([]);
  });

  it('L-15: says at once and again and again how it is', async () => {
    await place.launch({ ROUNDHOUSE_SLOTS: '7' });
    const reports = (): Record<string, unknown>[] => place.coordinator.toldOf('reportLauncher');
    await eventually(() => reports().length > 0, 'it says so');
    const job = await place.addOne();
    await place.pidOf(job);
    await eventually(() => reports().find(({ running }) => running === 1), 'it says so again', 15_000);
    const [first, last] = [reports()[0], reports().at(-1)];
    expect(first).toMatchObject({ sandboxes: 'process', ready: true, reason: null, slots: 7, running: 0, warm: 0 });
    expect(last).toMatchObject({ id: first?.['id'], worktrees: 'checkout', running: 1 });
    expect(String(last?.['note'])).toContain('plain processes');
  });

  it('L-11: a wrong configuration is one line that names the variable', async () => {
    const child = fork(MAIN, {
      env: { PATH: process.env['PATH'], ROUNDHOUSE_SLOTS: '0' },
      execArgv: [],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    let words = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (words += text));
    const [code] = (await once(child, 'close')) as [number | null];
    expect(code).toBe(1);
    expect(words.trimEnd().split('\n')).toHaveLength(1);
    expect(words).toContain('launcher: cannot start: ROUNDHOUSE_REDIS');
    expect(words).toContain('ROUNDHOUSE_SLOTS');
  });
});
