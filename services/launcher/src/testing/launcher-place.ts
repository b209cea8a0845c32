import { type ChildProcess, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ATTEMPT_QUEUE, type AttemptJob, KEY_PREFIX, attemptJobId, sandboxName } from '@roundhouse/contracts';
import { type RedisServer, endProcessTree, findProcesses, startRedis } from '@roundhouse/host';
import { Queue } from 'bullmq';
import { expect } from 'vitest';
import { connectRedis } from '../adapters/bullmq/redis-connection.ts';
import { CoordinatorDouble } from './coordinator-double.ts';
import { eventually } from './eventually.ts';
import { quietLog } from './quiet-log.ts';

const MAIN = new URL('../../dist/bundle/main.js', import.meta.url).pathname;
const RUNNER = new URL('../../src/testing/tiny-runner.mjs', import.meta.url).pathname;

/** A real Redis, a coordinator double and a folder for launchers that are real processes with tiny runners. */
export class LauncherPlace {
  readonly coordinator = new CoordinatorDouble();
  readonly root: string;
  readonly queue: Queue;
  readonly #folder: string;
  readonly #redis: RedisServer;
  readonly #connection: ReturnType<typeof connectRedis>;
  readonly #launchers: ChildProcess[] = [];

  private constructor(folder: string, redis: RedisServer) {
    this.#folder = folder;
    this.root = join(folder, 'sandboxes');
    this.#redis = redis;
    this.#connection = connectRedis(redis.connection);
    this.queue = new Queue(ATTEMPT_QUEUE, { connection: this.#connection, prefix: KEY_PREFIX });
  }

  static async make(): Promise<LauncherPlace> {
    const folder = await mkdtemp(join(tmpdir(), 'launcher-'));
    const place = new LauncherPlace(folder, await startRedis({ folder: join(folder, 'redis'), log: quietLog }));
    await place.coordinator.start();
    await writeFile(join(folder, 'token'), 'launcher-secret\n');
    return place;
  }

  async clean(): Promise<void> {
    for (const launcher of this.#launchers) launcher.kill('SIGKILL');
    await endProcessTree({ mark: '-', folder: this.root }, { graceMs: 0, killMs: 5_000 });
    await this.queue.close();
    this.#connection.disconnect();
    await this.coordinator.stop();
    await this.#redis.stop();
    await rm(this.#folder, { recursive: true });
  }

  async launch(more: NodeJS.ProcessEnv = {}): Promise<ChildProcess> {
    const env = {
      PATH: process.env['PATH'],
      ROUNDHOUSE_REDIS: this.#redis.connection,
      ROUNDHOUSE_COORDINATOR_URL: this.coordinator.url,
      ROUNDHOUSE_MCP_URL: 'http://127.0.0.1:9/mcp',
      ROUNDHOUSE_LAUNCHER_TOKEN_FILE: join(this.#folder, 'token'),
      ROUNDHOUSE_SANDBOXES: this.root,
      ROUNDHOUSE_RUNNER_MAIN: RUNNER,
      ROUNDHOUSE_LOG_LEVEL: 'warn',
      ...more,
    };
    const child = fork(MAIN, { env, execArgv: [], stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
    this.#launchers.push(child);
    const [message] = (await once(child, 'message')) as [unknown];
    expect(message).toEqual({ type: 'ready', url: null });
    return child;
  }

  /** Ends a launcher in order; answers its exit code. */
  async stop(launcher: ChildProcess): Promise<number | null> {
    launcher.kill('SIGTERM');
    const [code] = (await once(launcher, 'exit')) as [number | null];
    return code;
  }

  async add(count = 1): Promise<AttemptJob[]> {
    const jobs = Array.from({ length: count }, () => ({ taskId: randomUUID(), attempt: 1 }));
    for (const data of jobs) await this.queue.add('attempt', data, { jobId: attemptJobId(data) });
    return jobs;
  }

  async addOne(): Promise<AttemptJob> {
    return (await this.add())[0] as AttemptJob;
  }

  folderOf({ taskId, attempt }: AttemptJob): string {
    return join(this.root, sandboxName(taskId, attempt));
  }

  pidOf(job: AttemptJob): Promise<number> {
    const file = join(this.folderOf(job), 'up');
    return eventually(() => readFile(file, 'utf8').then(Number, () => null), 'the runner is up', 20_000);
  }

  gone(job: AttemptJob, waitMs = 40_000): Promise<Record<string, unknown>> {
    const told = (): Record<string, unknown> | undefined =>
      this.coordinator.toldOf('reportGone').find(({ taskId }) => taskId === job.taskId);
    return eventually(told, 'it is reported gone', waitMs);
  }

  /** How many runners were started in that mode. */
  async starts(mode: string): Promise<number> {
    const lines = (await readFile(join(this.root, 'starts.log'), 'utf8').catch(() => '')).split('\n');
    return lines.filter((line) => line.includes(`"mode":"${mode}"`)).length;
  }

  /** The mark in the environment of an attempt's runner: it tells a warm one. */
  async markOf(job: AttemptJob): Promise<string> {
    const text = await readFile(join(this.folderOf(job), 'seen.json'), 'utf8');
    return (JSON.parse(text) as { env: Record<string, string> }).env['ROUNDHOUSE_SANDBOX'] ?? '';
  }

  /** All processes of all sandboxes. */
  processes(): Promise<number[]> {
    return findProcesses({ mark: '-', folder: this.root });
  }

  /** Waits until there are as many warm sandboxes, all of them ready, and answers their names. */
  warm(count: number): Promise<string[]> {
    const find = async (): Promise<string[] | null> => {
      const names = (await readdir(this.root)).filter((name) => name.startsWith('warm-'));
      const inside = await Promise.all(names.map((name) => readdir(join(this.root, name)).catch((): string[] => [])));
      return names.length === count && inside.every((entries) => entries.includes('greeted')) ? names : null;
    };
    return eventually(find, `there are ${count} warm sandboxes`, 30_000);
  }
}
