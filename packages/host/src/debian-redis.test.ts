import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { debianRedis } from './debian-redis.ts';
import type { Logger } from './logger.ts';
import { runCommand } from './run-command.ts';

let cache: string;
const said: string[] = [];
const say = (_: object, message: string): void => void said.push(message);
const log: Logger = { debug: say, info: say, warn: say, error: say };

beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), 'host-cache-'));
  vi.stubEnv('XDG_CACHE_HOME', cache);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(cache, { recursive: true });
});

it(
  'H-12: on Debian and Ubuntu two at once unpack one Redis that runs, elsewhere there is none',
  { timeout: 120_000 },
  async () => {
    const system = await readFile('/etc/os-release', 'utf8').catch(() => '');
    const programs = await Promise.all([debianRedis({ log }), debianRedis({ log })]);
    if (!/^ID(_LIKE)?=.*(debian|ubuntu)/m.test(system)) {
      expect(programs).toEqual([null, null]);
      return;
    }
    expect(said.filter((message) => message === 'Redis is unpacked')).toHaveLength(1);
    const [first, second] = programs;
    expect(second).toEqual(first);
    const version = await runCommand(first?.command ?? '', ['--version'], {
      timeoutMs: 10_000,
      env: { ...first?.env },
    });
    expect(version).toMatch(/v=\d/);
    // Nothing but the one folder is left: no lists of packages, no lock.
    expect(await readdir(join(cache, 'roundhouse'))).toEqual([expect.stringMatching(/^redis-[a-z]+-[a-z0-9]+$/)]);
  },
);
