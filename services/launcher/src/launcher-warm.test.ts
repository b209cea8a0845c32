import { once } from 'node:events';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sandboxName } from '@roundhouse/contracts';
import { startTimeOf } from '@roundhouse/host';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PROFILE } from './testing/coordinator-double.ts';
import { eventually } from './testing/eventually.ts';
import { LauncherPlace } from './testing/launcher-place.ts';

let place: LauncherPlace;

beforeEach(async () => {
  place = await LauncherPlace.make();
});
afterEach(() => place.clean());

// Real processes and real pauses: on a busy machine they add up to more than the usual bound.
describe('launcher with a warm pool', { timeout: 90_000 }, () => {
  it('WP-8: attempts get warm sandboxes, cold ones where none fits, and none is started twice', async () => {
    place.coordinator.prepare = [PROFILE];
    await place.launch({ ROUNDHOUSE_WARM_MIN: '2', ROUNDHOUSE_WARM_MAX: '2' });
    await place.warm(2);
    const jobs = await place.add(3);
    await Promise.all(jobs.map((job) => place.pidOf(job)));
    const marks = await Promise.all(jobs.map((job) => place.markOf(job)));
    expect(marks.filter((mark) => mark.startsWith('warm-')).length).toBeGreaterThanOrEqual(2);
    expect(await place.starts('attempt')).toBe(3);
    place.coordinator.want = 'destroy';
    for (const job of jobs) expect(await place.gone(job)).toMatchObject({ kept: null });
    await place.warm(2);
  });

  it('WP-8: an attempt that a warm sandbox does not take is started in a new one', async () => {
    place.coordinator.prepare = [PROFILE];
    place.coordinator.runnerWord = 'unwilling';
    await place.launch({ ROUNDHOUSE_WARM_MIN: '1', ROUNDHOUSE_WARM_MAX: '1' });
    await place.warm(1);
    const job = await place.addOne();
    await place.pidOf(job);
    expect(await place.markOf(job)).toBe(sandboxName(job.taskId, job.attempt));
    expect(place.coordinator.toldOf('claimAttempt')).toHaveLength(1);
    expect(place.coordinator.toldOf('reportGone')).toEqual([]);
  });

  it('WP-7: after kill -9 the next launcher goes on with the warm ones; "stop" leaves none', async () => {
    place.coordinator.prepare = [PROFILE];
    const sizes = { ROUNDHOUSE_WARM_MIN: '2', ROUNDHOUSE_WARM_MAX: '2' };
    const first = await place.launch(sizes);
    const names = await place.warm(2);
    first.kill('SIGKILL');
    await once(first, 'exit');
    const second = await place.launch(sizes);
    const job = await place.addOne();
    await place.pidOf(job);
    expect(names).toContain(await place.markOf(job));
    await place.warm(2);
    expect(await place.stop(second)).toBe(0);
    expect(await place.processes()).toEqual([]);
    expect(await readdir(place.root)).toEqual(['starts.log']);
  });

  it('WP-7: none is started before it is known what an earlier launcher left, however long that takes', async () => {
    place.coordinator.prepare = [PROFILE];
    const sizes = { ROUNDHOUSE_WARM_MIN: '2', ROUNDHOUSE_WARM_MAX: '2' };
    const first = await place.launch({ ROUNDHOUSE_WARM_MIN: '1', ROUNDHOUSE_WARM_MAX: '1' });
    const names = await place.warm(1);
    first.kill('SIGKILL');
    await once(first, 'exit');
    // It lives and does not answer, which takes the next launcher some seconds to find out.
    for (const pid of await place.processes()) process.kill(pid, 'SIGSTOP');
    const told = place.coordinator.toldOf('reportLauncher').length;
    const launching = place.launch(sizes);
    await eventually(() => place.coordinator.toldOf('reportLauncher').length > told, 'it hears what is wanted');
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect((await readdir(place.root)).filter((name) => name.startsWith('warm-'))).toEqual(names);
    await launching;
    expect(await place.warm(2)).not.toContain(names[0]);
  });

  it('WP-7: "leave" leaves warm ones too; the next launcher without a pool ends them', async () => {
    place.coordinator.prepare = [PROFILE];
    const first = await place.launch({
      ROUNDHOUSE_WARM_MIN: '1',
      ROUNDHOUSE_WARM_MAX: '1',
      ROUNDHOUSE_ON_SHUTDOWN: 'leave',
    });
    await place.warm(1);
    expect(await place.stop(first)).toBe(0);
    expect(await place.processes()).toHaveLength(1);
    await place.launch();
    await place.warm(0);
    await eventually(async () => (await place.processes()).length === 0, 'it has ended');
  });

  it('WP-9: with ROUNDHOUSE_RECYCLE=project a sandbox serves one attempt after the other, each in a fresh box', async () => {
    place.coordinator.prepare = [PROFILE];
    place.coordinator.archiveWord = 'archived';
    // One place only, so that the pool cannot be filled again meanwhile.
    const sizes = { ROUNDHOUSE_WARM_MIN: '1', ROUNDHOUSE_WARM_MAX: '1', ROUNDHOUSE_SLOTS: '1' };
    await place.launch({ ...sizes, ROUNDHOUSE_RECYCLE: 'project' });
    const [name] = await place.warm(1);
    const one = await place.addOne();
    const pid = await place.pidOf(one);
    await writeFile(join(place.folderOf(one), 'over'), '');
    expect(await place.gone(one)).toMatchObject({ kept: null, reason: null });
    expect(await startTimeOf(pid)).not.toBeNull();
    const again = await place.addOne();
    expect(await place.pidOf(again)).toBe(pid);
    expect(await place.markOf(again)).toBe(name);
    expect(await readdir(place.folderOf(again))).not.toContain('over');
    place.coordinator.want = 'destroy';
    await place.gone(again);
    expect(await startTimeOf(pid)).toBeNull();
  });

  it('WP-9: work that is not archived is never recycled away', async () => {
    place.coordinator.prepare = [PROFILE];
    place.coordinator.archiveWord = 'refuse';
    await place.launch({ ROUNDHOUSE_WARM_MIN: '1', ROUNDHOUSE_WARM_MAX: '1', ROUNDHOUSE_RECYCLE: 'project' });
    await place.warm(1);
    const job = await place.addOne();
    await place.pidOf(job);
    await writeFile(join(place.folderOf(job), 'over'), '');
    await eventually(() => place.coordinator.toldOf('archiveAttempt').length > 0, 'it is asked for');
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(await readFile(join(place.folderOf(job), 'worktree/work.txt'), 'utf8')).toBe('work');
    expect(place.coordinator.toldOf('reportGone')).toEqual([]);
  });
});
