import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LockHeldError } from './file-lock.ts';
import type { Logger } from './logger.ts';
import { startTimeOf } from './process-table.ts';
import { startRedis } from './redis-server.ts';

const nothing = (): void => undefined;
const log: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };
const host = new URL('../dist/index.js', import.meta.url).href;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'host-redis-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** One command in the inline form, and the first answer. */
async function ask(socket: string, command: string): Promise<string> {
  const connection = connect(socket);
  try {
    connection.write(`${command}\r\n`);
    const [answer] = (await once(connection, 'data')) as [Buffer];
    return answer.toString();
  } finally {
    connection.destroy();
  }
}

async function untilGone(pid: number, waitMs: number): Promise<boolean> {
  for (const end = Date.now() + waitMs; Date.now() < end; await delay(10)) {
    if ((await startTimeOf(pid)) === null) return true;
  }
  return false;
}

/** A process of its own that owns a Redis and prints its pid. */
async function startOwner(): Promise<{ owner: ReturnType<typeof spawn>; redis: number; guard: number }> {
  const script = `const n = () => {}; const r = await (await import(process.argv[1])).startRedis({ folder: process.argv[2], log: { debug: n, info: n, warn: n, error: n } }); console.log(r.pid); setInterval(n, 1000)`;
  const owner = spawn(process.execPath, ['--input-type=module', '-e', script, host, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(createInterface({ input: owner.stdout }), 'line')) as [string];
  const redis = Number(line);
  const status = await readFile(`/proc/${redis}/stat`, 'latin1');
  return { owner, redis, guard: Number(status.slice(status.lastIndexOf(')') + 2).split(' ')[1]) };
}

describe('startRedis', () => {
  it('H-7: serves on a private socket only, keeps what it was told over a restart, and stops', async () => {
    const data = join(folder, 'made');
    const first = await startRedis({ folder: data, log });
    expect((await stat(data)).mode & 0o777).toBe(0o700);
    expect((await stat(first.connection)).mode & 0o777).toBe(0o700);
    expect(await ask(first.connection, 'CONFIG GET port')).toContain('$1\r\n0');
    expect(await ask(first.connection, 'CONFIG GET maxmemory-policy')).toContain('noeviction');
    expect(await ask(first.connection, 'CONFIG GET appendonly')).toContain('yes');
    expect(await ask(first.connection, 'SET kept yes')).toBe('+OK\r\n');
    await first.stop();
    await first.stop();
    expect(await startTimeOf(first.pid)).toBeNull();

    const second = await startRedis({ folder: data, log });
    expect(await ask(second.connection, 'GET kept')).toBe('$3\r\nyes\r\n');
    await second.stop();
  });

  it('H-8: ends when its owner is killed with SIGKILL, and its guard with it', async () => {
    const { owner, redis, guard } = await startOwner();
    owner.kill('SIGKILL');
    expect(await untilGone(redis, 5_000)).toBe(true);
    expect(await untilGone(guard, 5_000)).toBe(true);
  });

  it('H-8: its guard ends when Redis ends, and the owner hears of it', async () => {
    const redis = await startRedis({ folder, log });
    process.kill(redis.pid, 'SIGKILL');
    await redis.ended;
    await redis.stop();
    await (await startRedis({ folder, log })).stop();
  });

  it('H-9: a second one on the folder is refused while the first one’s owner lives', async () => {
    const first = await startRedis({ folder, log });
    await expect(startRedis({ folder, log })).rejects.toBeInstanceOf(LockHeldError);
    expect(await ask(first.connection, 'PING')).toBe('+PONG\r\n');
    await first.stop();
  });

  it('H-9: one that a dead owner and its dead guard left is ended first', async () => {
    const { owner, redis, guard } = await startOwner();
    process.kill(guard, 'SIGKILL');
    owner.kill('SIGKILL');
    await once(owner, 'exit');
    // The watcher of the guard may still end it; either way there is one server in the end.
    const next = await startRedis({ folder, log });
    expect(next.pid).not.toBe(redis);
    expect(await startTimeOf(redis)).toBeNull();
    expect(await ask(next.connection, 'PING')).toBe('+PONG\r\n');
    await next.stop();
  });

  it('H-7: puts the socket elsewhere where the folder’s path is too long for one', async () => {
    const long = join(folder, 'x'.repeat(120));
    const redis = await startRedis({ folder: long, log });
    expect(Buffer.byteLength(redis.connection)).toBeLessThanOrEqual(103);
    expect(await ask(redis.connection, 'PING')).toBe('+PONG\r\n');
    await redis.stop();
    await rm(join(redis.connection, '..'), { recursive: true });
  });

  it('H-7: says why it cannot start', async () => {
    await mkdir(join(folder, 'appendonlydir'));
    const { writeFile } = await import('node:fs/promises');
    await writeFile(join(folder, 'appendonlydir/appendonly.aof.manifest'), 'nonsense\n');
    await expect(startRedis({ folder, log })).rejects.toThrow(/Redis did not start: .+/);
    await rm(join(folder, 'appendonlydir'), { recursive: true });
    await (await startRedis({ folder, log })).stop();
  });
});
