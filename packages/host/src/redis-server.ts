import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, realpath, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { takeFileLock } from './file-lock.ts';
import type { Logger } from './logger.ts';
import { findRedis } from './redis-program.ts';
import { socketPath } from './socket-path.ts';
import { endStaleRedis } from './stale-redis.ts';

export interface RedisServer {
  /** The absolute path of its Unix socket. */
  readonly connection: string;
  readonly pid: number;
  /** Resolves when the server has ended, whoever ended it. */
  readonly ended: Promise<void>;
  /** Lets it write its file and end, at most 10 s; then it is killed. Twice is fine. */
  stop(): Promise<void>;
}

interface Options {
  /** Where its append-only file is kept; made with mode 0700 where it is absent. */
  readonly folder: string;
  readonly log: Logger;
  /** Aborting gives up a start; it does not stop a server that runs. */
  readonly signal?: AbortSignal | undefined;
}

/** Reading a large append-only file back takes its time. */
const READY_MS = 120_000;
const STOP_MS = 10_000;

/**
 * The server must not outlive its owner, not even one that was killed with SIGKILL and could say nothing. So a shell
 * stands between: it holds the reading end of a pipe that only the owner writes; when the owner is gone, whatever the
 * cause, `read` sees the end of the file and the server gets SIGTERM. When the server ends first, so does the shell.
 */
const GUARD = `exec 3<&0
"$@" </dev/null 3<&- & server=$!
(read -r _ <&3; kill -TERM "$server") >/dev/null 2>&1 & watch=$!
trap 'kill -TERM "$server"' TERM INT HUP
wait "$server"; status=$?
while kill -0 "$server" 2>/dev/null; do wait "$server"; status=$?; done
kill "$watch" 2>/dev/null
exit "$status"`;

/**
 * Starts a private Redis on a Unix socket with an append-only file in `folder`. Never two on one folder: a live owner's
 * makes this throw LockHeldError, one that a dead owner left is ended first. Throws NoRedisError where there is none.
 */
export async function startRedis(options: Options): Promise<RedisServer> {
  const { log, signal } = options;
  await mkdir(options.folder, { recursive: true, mode: 0o700 });
  const folder = await realpath(options.folder);
  const program = await findRedis({ log, signal });
  const lock = await takeFileLock(join(folder, 'owner.lock'), { waitMs: 0, signal });
  try {
    const socket = await socketPath(folder);
    await endStaleRedis(folder, socket, log);
    await rm(socket, { force: true });
    const child = spawn('/bin/sh', ['-c', GUARD, 'redis-guard', program.command, ...argumentsFor(folder, socket)], {
      // A group of its own: Ctrl-C in a terminal is for the owner, who ends Redis last.
      detached: true,
      env: { PATH: process.env['PATH'], LC_ALL: 'C', ...program.env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    // The pipe says nothing; when the guard is gone, writing to it is not an error of ours.
    child.stdin.on('error', () => undefined);
    const ended = once(child, 'exit').then(() => lock.release());
    try {
      const pid = await ready(child, log, signal);
      return { connection: socket, pid, ended, stop: () => stop(child, pid, ended) };
    } catch (error) {
      await stop(child, null, ended);
      throw error;
    }
  } catch (error) {
    await lock.release();
    throw error;
  }
}

function argumentsFor(folder: string, socket: string): string[] {
  const settings = {
    port: '0',
    unixsocket: socket,
    unixsocketperm: '700',
    dir: folder,
    pidfile: join(folder, 'redis.pid'),
    appendonly: 'yes',
    appendfsync: 'everysec',
    save: '',
    'maxmemory-policy': 'noeviction',
    daemonize: 'no',
    logfile: '',
  };
  return Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
}

/** Waits for the line that says that it serves, and resolves with the pid that stands at its beginning. */
async function ready(
  child: ChildProcessWithoutNullStreams,
  log: Logger,
  signal: AbortSignal | undefined,
): Promise<number> {
  const last: string[] = [];
  let serving = false;
  const bound = AbortSignal.any([AbortSignal.timeout(READY_MS), ...(signal === undefined ? [] : [signal])]);
  child.stderr.resume();
  const lines = createInterface({ input: child.stdout });
  return await new Promise<number>((resolve, reject) => {
    const giveUp = (): void => {
      const cause: unknown = bound.reason;
      reject(
        new Error(
          signal?.aborted === true ? 'the start of Redis was given up' : `Redis is not ready after ${READY_MS} ms`,
          { cause },
        ),
      );
    };
    bound.addEventListener('abort', giveUp, { once: true });
    if (bound.aborted) giveUp();
    child.once('error', reject);
    child.once('exit', () => reject(new Error(`Redis did not start: ${last.slice(-3).join(' | ').slice(0, 1_000)}`)));
    // Goes on for the life of the server: an unread pipe would block it in the end.
    lines.on('line', (line) => {
      last.push(line);
      if (last.length > 20) last.shift();
      // Redis calls its greeting and its farewell warnings too; between the two they are some.
      const isWarning = serving && line.includes(' # ') && !child.stdin.destroyed;
      log[isWarning ? 'warn' : 'debug']({ line: line.slice(0, 500) }, 'redis');
      const pid = /^(\d+):.*ready to accept connections/i.exec(line)?.[1];
      if (pid === undefined) return;
      serving = true;
      bound.removeEventListener('abort', giveUp);
      resolve(Number(pid));
    });
  });
}

async function stop(child: ChildProcessWithoutNullStreams, pid: number | null, ended: Promise<void>): Promise<void> {
  child.stdin.destroy();
  const timer = new AbortController();
  const kill = async (): Promise<void> => {
    await delay(STOP_MS, undefined, { signal: timer.signal, ref: false });
    if (pid !== null) process.kill(pid, 'SIGKILL');
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  };
  // Rejects when the timer is not needed any more, or when what was to be killed has gone: both are the aim.
  void kill().catch(() => undefined);
  await ended;
  timer.abort();
}
