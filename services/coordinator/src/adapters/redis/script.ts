import { readFile } from 'node:fs/promises';
import type { Redis } from 'ioredis';

/** A Lua file, sent by its hash and in full only where Redis does not know it yet (EVALSHA, EVAL). */
export interface Script {
  run(redis: Redis, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown>;
}

const FOLDER = new URL('../../../lua/', import.meta.url);

export async function loadScript(
  name:
    | 'append-audit'
    | 'begin-listening'
    | 'claim-notifications'
    | 'commit'
    | 'end-listening'
    | 'expired'
    | 'forget-notifications'
    | 'keep-wait'
    | 'list-launchers'
    | 'next-notice'
    | 'page-of-tasks'
    | 'postpone-notifications'
    | 'renew'
    | 'replace-wait'
    | 'report-launcher'
    | 'revoke-token'
    | 'rotate-token'
    | 'settle-webhook'
    | 'swap'
    | 'take-pairing'
    | 'take-webhook'
    | 'try-pin',
): Promise<Script> {
  const source = await readFile(new URL(`${name}.lua`, FOLDER), 'utf8');
  let sha: string | null = null;
  return {
    async run(redis, keys, args) {
      sha ??= (await redis.script('LOAD', source)) as string;
      try {
        return await redis.evalsha(sha, keys.length, ...keys, ...args);
      } catch (error) {
        // A Redis that was restarted has forgotten its scripts; EVAL teaches it again.
        if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
        return await redis.eval(source, keys.length, ...keys, ...args);
      }
    },
  };
}
