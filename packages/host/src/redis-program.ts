import { access, constants, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { debianRedis } from './debian-redis.ts';
import type { Logger } from './logger.ts';

/** A Redis or Valkey server that can be run here. */
export interface RedisProgram {
  readonly command: string;
  /** Variables that it needs to find its libraries. */
  readonly env: Readonly<Record<string, string>>;
  readonly from: 'path' | 'unpacked';
}

export class NoRedisError extends Error {
  override readonly name = 'NoRedisError';
}

/**
 * Finds a server: `redis-server` or `valkey-server` of the PATH, else, on Debian and Ubuntu, the distribution's packages
 * unpacked into the user's cache without root. Throws NoRedisError that says what to install.
 */
export async function findRedis(options: {
  readonly log: Logger;
  readonly signal?: AbortSignal | undefined;
}): Promise<RedisProgram> {
  for (const name of ['redis-server', 'valkey-server']) {
    const command = await onPath(name);
    if (command !== null) return { command, env: {}, from: 'path' };
  }
  try {
    const unpacked = await debianRedis(options);
    if (unpacked !== null) return { ...unpacked, from: 'unpacked' };
  } catch (error) {
    options.signal?.throwIfAborted();
    throw new NoRedisError(`${WHAT_TO_DO} Unpacking it without root failed: ${(error as Error).message}`, {
      cause: error,
    });
  }
  throw new NoRedisError(WHAT_TO_DO);
}

const WHAT_TO_DO =
  'Redis is needed and none was found. Set REDIS_URL, or install it: "apt-get install redis-server" (Debian, Ubuntu), ' +
  '"dnf install valkey" or "dnf install redis" (Fedora, RHEL), "apk add redis" (Alpine), "brew install redis" (macOS).';

/** The absolute path of a program of the PATH, or null. */
export async function onPath(name: string): Promise<string | null> {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    if (folder === '') continue;
    const file = join(folder, name);
    try {
      await access(file, constants.X_OK);
      if ((await stat(file)).isFile()) return file;
    } catch {
      continue; // Not there or not for us: the next folder.
    }
  }
  return null;
}
