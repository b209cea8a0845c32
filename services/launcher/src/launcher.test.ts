import { type ChildProcess, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { access, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  ATTEMPT_QUEUE,
  type AttemptJob,
  KEY_PREFIX,
  RoundhouseError,
  attemptJobId,
  sandboxName,
} from '@roundhouse/contracts';
import { type RedisServer, endProcessTree, findProcesses, startRedis, startTimeOf } from '@roundhouse/host';
import { Queue } from 'bullmq';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectRedis } from './adapters/bullmq/redis-connection.ts';
import { CoordinatorDouble } from './testing/coordinator-double.ts';
import { eventually } from './testing/eventually.ts';
import { quietLog } from './testing/quiet-log.ts';

const MAIN = new URL('../dist/main.js', import.meta.url).pathname;
const RUNNER = new URL('./testing/tiny-runner.mjs', import.meta.url).pathname;

let folder: string;
let redis: RedisServer;
let queue: Queue;
let connection: ReturnType<typeof connectRedis>;
let coordinator: CoordinatorDouble;
const attempts: AttemptJob[] = [];
const launchers: ChildProcess[] = [];

const root = (): string => join(folder, 'sandboxes');
const folderOf = ({ taskId, attempt }: AttemptJob): string => join(root(), sandboxName(taskId, attempt));
const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'launcher-'));
  redis = await startRedis({ folder: join(folder, 'redis'), log: quietLog });
  connection = connectRedis(redis.connection);
  queue = new Queue(ATTEMPT_QUEUE, { connection, prefix: KEY_PREFIX });
  coordinator = new CoordinatorDouble();
  await coordinator.start();
  await writeFile(join(folder, 'token'), 'launcher-secret\n');
});
afterEach(async () => {
  for (const launcher of launchers.splice(0)) launcher.kill('SIGKILL');
  for (const { taskId, attempt } of attempts.splice(0)) {
    await endProcessTree({ mark: sandboxName(taskId, attempt) }, { graceMs: 0, killMs: 5_000 });
  }
  await queue.close();
  connection.disconnect();
  await coordinator.stop();
  await redis.stop();
  await rm(folder, { recursive: true });
});

async function launch(more: NodeJS.ProcessEnv = {}): Promise<ChildProcess> {
  const env = {
    PATH: process.env['PATH'],
    ROUNDHOUSE_REDIS: redis.connection,
    ROUNDHOUSE_COORDINATOR_URL: coordinator.url,
    ROUNDHOUSE_MCP_URL: 'http://127.0.0.1:9/mcp',
    ROUNDHOUSE_LAUNCHER_TOKEN_FILE: join(folder, 'token'),
    ROUNDHOUSE_SANDBOXES: root(),
    ROUNDHOUSE_RUNNER_MAIN: RUNNER,
    ROUNDHOUSE_LOG_LEVEL: 'warn',
    ...more,
  };
  const child = fork(MAIN, { env, execArgv: [], stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
  launchers.push(child);
  const [message] = (await once(child, 'message')) as [unknown];
  expect(message).toEqual({ type: 'ready', url: null });
  return child;
}

async function add(count = 1): Promise<AttemptJob[]> {
  const jobs = Array.from({ length: count }, () => ({ taskId: randomUUID(), attempt: 1 }));
  attempts.push(...jobs);
  for (const data of jobs) await queue.add('attempt', data, { jobId: attemptJobId(data) });
  return jobs;
}

const pidOf = (job: AttemptJob): Promise<number> =>
  eventually(() => readFile(join(folderOf(job), 'up'), 'utf8').then(Number, () => null), 'the runner is up', 20_000);
const gone = (job: AttemptJob, waitMs = 15_000): Promise<Record<string, unknown>> =>
  eventually(
    () => coordinator.toldOf('reportGone').find(({ taskId }) => taskId === job.taskId),
    'it is reported gone',
    waitMs,
  );
const starts = async (mode: string): Promise<number> =>
  (await readFile(join(root(), 'starts.log'), 'utf8').catch(() => ''))
    .split('\n')
    .filter((line) => line.includes(`"mode":"${mode}"`)).length;
const stop = async (launcher: ChildProcess): Promise<number | null> => {
  launcher.kill('SIGTERM');
  const [code] = (await once(launcher, 'exit')) as [number | null];
  return code;
};

// Real processes and real pauses: on a busy machine they add up to more than the usual bound.
describe('launcher', { timeout: 90_000 }, () => {
  it('L-9: after kill -9 the next launcher goes on with the live runners, starts none twice, and can end them', async () => {
    const first = await launch();
    const jobs = await add(3);
    const pids = await Promise.all(jobs.map(pidOf));
    first.kill('SIGKILL');
    await once(first, 'exit');
    expect(await Promise.all(pids.map(startTimeOf))).not.toContain(null);

    await launch();
    await eventually(
      () => coordinator.toldOf('reconcileAttempts').some(({ sandboxes }) => (sandboxes as unknown[]).length === 3),
      'all three are known',
    );
    expect(await Promise.all(jobs.map(pidOf))).toEqual(pids);
    expect(await starts('attempt')).toBe(3);

    coordinator.want = 'destroy';
    for (const job of jobs) expect(await gone(job)).toMatchObject({ kept: null });
    expect(await Promise.all(pids.map(startTimeOf))).toEqual([null, null, null]);
    await eventually(
      async () => (await readdir(root())).every((name) => name === 'starts.log'),
      'the folders are gone',
    );
    expect(await starts('archive')).toBe(3);
  });

  it('L-9: a runner that died while no launcher was there is archived, removed and reported', async () => {
    const first = await launch();
    const [job] = (await add()) as [AttemptJob];
    const pid = await pidOf(job);
    first.kill('SIGKILL');
    process.kill(pid, 'SIGKILL');
    await eventually(async () => (await startTimeOf(pid)) === null, 'the runner is dead');
    await launch();
    expect(await gone(job)).toMatchObject({ kept: null, reason: 'its runner has ended' });
    expect(await starts('archive')).toBe(1);
    expect(await exists(folderOf(job))).toBe(false);
  });

  it('L-7: a runner that does not stop in its time is ended, with a child that ignores every signal', async () => {
    coordinator.runnerWord = 'stubborn';
    await launch();
    const [job] = (await add()) as [AttemptJob];
    await pidOf(job);
    coordinator.want = 'stop';
    coordinator.stopSinceMs = 16_000;
    expect(await gone(job)).toMatchObject({ kept: null });
    expect(await findProcesses({ mark: sandboxName(job.taskId, job.attempt) })).toEqual([]);
  });

  it('L-8: what is archived already is not archived again', async () => {
    coordinator.archiveWord = 'archived';
    await launch();
    const [job] = (await add()) as [AttemptJob];
    process.kill(await pidOf(job), 'SIGTERM');
    expect(await gone(job)).toMatchObject({ kept: null });
    expect(await starts('archive')).toBe(0);
  });

  it('L-8: work that cannot be archived is tried three times, then kept where the report says', async () => {
    coordinator.archiveWord = 'refuse';
    await launch();
    const [job] = (await add()) as [AttemptJob];
    process.kill(await pidOf(job), 'SIGTERM');
    const { kept, reason } = await gone(job, 25_000);
    expect(reason).toContain('not archived');
    await eventually(
      async () => (await readFile(join(String(kept), 'worktree/work.txt'), 'utf8').catch(() => '')) === 'work',
      'it is there',
    );
    expect(await starts('archive')).toBe(3);
    expect(await exists(folderOf(job))).toBe(false);
  });

  it('L-8: while the coordinator is away nothing is deleted and no live runner is ended', async () => {
    await launch();
    const [dead, live] = (await add(2)) as [AttemptJob, AttemptJob];
    const [deadPid, livePid] = await Promise.all([pidOf(dead), pidOf(live)]);
    await coordinator.stop();
    process.kill(deadPid, 'SIGTERM');
    await new Promise((resolve) => setTimeout(resolve, 4_000));
    expect(await readFile(join(folderOf(dead), 'worktree/work.txt'), 'utf8')).toBe('work');
    expect(await startTimeOf(livePid)).not.toBeNull();
    await coordinator.start();
    await gone(dead, 20_000);
    expect(coordinator.toldOf('reportGone').map(({ taskId }) => taskId)).toEqual([dead.taskId]);
    expect(await startTimeOf(livePid)).not.toBeNull();
  });

  it('L-5: an attempt that is not wanted any more starts nothing and leaves the queue', async () => {
    coordinator.claim = () => {
      throw new RoundhouseError('attempt_stale', 'a newer attempt owns the task');
    };
    await launch();
    await add();
    await eventually(() => coordinator.toldOf('claimAttempt').length === 1, 'it is claimed');
    await eventually(
      async () => Object.values(await queue.getJobCounts()).every((count) => count === 0),
      'it left the queue',
    );
    expect(await readdir(root())).toEqual([]);
  });

  it('L-5: an attempt waits for a coordinator that is away', async () => {
    await coordinator.stop();
    await launch();
    const [job] = (await add()) as [AttemptJob];
    await eventually(async () => (await queue.getDelayedCount()) === 1, 'it waits');
    await coordinator.start();
    await pidOf(job);
    expect(await starts('attempt')).toBe(1);
  });

  it('L-5: a sandbox that cannot be started is reported with the reason, and its place is free again', async () => {
    await launch({ ROUNDHOUSE_SLOTS: '1' });
    const job = { taskId: randomUUID(), attempt: 1 };
    await mkdir(join(folderOf(job), 'worktree'), { recursive: true });
    await writeFile(join(folderOf(job), 'worktree/work.txt'), 'of an earlier start');
    await queue.add('attempt', job, { jobId: attemptJobId(job) });
    await gone(job);
    const [next] = (await add()) as [AttemptJob];
    await pidOf(next);
  });

  it('L-10: "stop" ends every sandbox, archives its work, reports it, and leaves no process', async () => {
    const launcher = await launch();
    const jobs = await add(4);
    await Promise.all(jobs.map(pidOf));
    expect(await stop(launcher)).toBe(0);
    for (const { taskId, attempt } of jobs)
      expect(await findProcesses({ mark: sandboxName(taskId, attempt) })).toEqual([]);
    expect(
      coordinator
        .toldOf('reportGone')
        .map(({ taskId }) => taskId)
        .sort(),
    ).toEqual(jobs.map(({ taskId }) => taskId).sort());
    expect(await readdir(root())).toEqual(['starts.log']);
  });

  it('L-10: what "stop" cannot archive stays for the next start, without a process', async () => {
    coordinator.archiveWord = 'refuse';
    const launcher = await launch();
    const [job] = (await add()) as [AttemptJob];
    await pidOf(job);
    expect(await stop(launcher)).toBe(0);
    expect(await findProcesses({ mark: sandboxName(job.taskId, job.attempt) })).toEqual([]);
    expect(await readFile(join(folderOf(job), 'worktree/work.txt'), 'utf8')).toBe('work');
    expect(coordinator.toldOf('reportGone')).toEqual([]);
    coordinator.archiveWord = 'save';
    await launch();
    expect(await gone(job)).toMatchObject({ kept: null });
  });

  it('L-10: an archive run that hangs holds up "stop" for less than 20 s and does not outlive it', async () => {
    coordinator.archiveWord = 'hang';
    const launcher = await launch();
    const [job] = (await add()) as [AttemptJob];
    await pidOf(job);
    const before = Date.now();
    expect(await stop(launcher)).toBe(0);
    expect(Date.now() - before).toBeLessThan(20_000);
    expect(await findProcesses({ mark: sandboxName(job.taskId, job.attempt) })).toEqual([]);
    expect(await readFile(join(folderOf(job), 'worktree/work.txt'), 'utf8')).toBe('work');
  });

  it('L-10: "leave" ends at once and leaves the runners alone', async () => {
    const launcher = await launch({ ROUNDHOUSE_ON_SHUTDOWN: 'leave' });
    const [job] = (await add()) as [AttemptJob];
    const pid = await pidOf(job);
    const before = Date.now();
    expect(await stop(launcher)).toBe(0);
    expect(Date.now() - before).toBeLessThan(6_000);
    expect(await startTimeOf(pid)).not.toBeNull();
    expect(coordinator.toldOf('reportGone')).toEqual([]);
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
