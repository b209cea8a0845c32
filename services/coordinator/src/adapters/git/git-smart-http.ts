import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type { Readable } from 'node:stream';
import pLimit from 'p-limit';
import type { Logger } from 'pino';
import type { GitRequest, GitSmartHttp } from '../../ports/hubs.ts';
import type { TrustedGit } from './trusted-git.ts';

const HOOKS = fileURLToPath(new URL('../../../hooks/', import.meta.url));
/** The most that one push may bring, bytes. */
const MAX_PUSH_BYTES = 2 * 1024 ** 3;
/** How many packs are read or written at once: git is a heavy child, and a burst of pushes must not stall the rest. */
const MAX_PROCESSES = 8;

/**
 * The hub over HTTP (gitprotocol-http(5)): `git upload-pack` and `git receive-pack` in their stateless form, one process a
 * request. What a request may write is told to git by configuration of that process alone, and held by the hooks.
 */
export function createGitSmartHttp(git: TrustedGit, gitDir: (projectId: string) => string, log: Logger): GitSmartHttp {
  const limit = pLimit(MAX_PROCESSES);

  const environment = ({ projectId, access, protocol }: GitRequest): Record<string, string> => {
    const config: [string, string][] = [
      ['core.hooksPath', HOOKS],
      ['receive.maxInputSize', String(MAX_PUSH_BYTES)],
      ['receive.denyDeletes', access.writableRef?.endsWith('*') ? 'false' : 'true'],
      ['uploadpack.allowTipSHA1InWant', 'true'],
      // A hub of a shallow clone takes pushes from worktrees that are as shallow as itself.
      ['receive.shallowUpdate', 'true'],
    ];
    if (!access.seesAll) {
      // The base branches stay visible: a client that does not see them would send all of history again.
      config.push(['transfer.hideRefs', 'refs/archive'], ['transfer.hideRefs', 'refs/heads/task']);
      if (access.writableRef !== null) config.push(['transfer.hideRefs', `!${access.writableRef}`]);
    }
    const env: Record<string, string> = {
      ...git.environment(gitDir(projectId)),
      ROUNDHOUSE_WRITABLE_REF: access.writableRef ?? 'none',
      ROUNDHOUSE_BLOCK: access.refused,
      ROUNDHOUSE_UNSCANNED: access.strict ? 'refuse' : 'take',
      // Random: nothing in a push can pretend to be the end of it.
      ROUNDHOUSE_SCAN: `scanned-${randomUUID()}`,
      GIT_CONFIG_COUNT: String(config.length),
    };
    for (const [index, [key, value]] of config.entries()) {
      env[`GIT_CONFIG_KEY_${index}`] = key;
      env[`GIT_CONFIG_VALUE_${index}`] = value;
    }
    // Only the versions that git has: the header is a stranger's (gitprotocol-v2(5)).
    if (protocol !== undefined && /^version=[012]$/.test(protocol)) env['GIT_PROTOCOL'] = protocol;
    return env;
  };

  const start = (request: GitRequest, args: readonly string[], input: Readable | null) => {
    const command = request.service.slice('git-'.length);
    const child = spawn('git', [command, ...args, gitDir(request.projectId)], {
      env: environment(request),
      stdio: [input === null ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      signal: request.signal,
    });
    let words = '';
    child.stderr?.on('data', (chunk: Buffer) => (words = (words + chunk.toString()).slice(-4_000)));
    const ended = new Promise<number>((resolve) => {
      child.on('error', (error) => {
        log.warn({ service: request.service, reason: error.message }, 'git could not be run or was stopped');
        resolve(-1);
      });
      child.on('close', (code) => {
        if (code !== 0) log.info({ service: request.service, code, words }, 'git ended a request');
        resolve(code ?? -1);
      });
    });
    if (input !== null && child.stdin !== null) {
      // A child that ends early closes its input; that is told by its exit, not by a broken pipe of ours.
      child.stdin.on('error', () => input.unpipe());
      input.pipe(child.stdin);
    }
    return { output: child.stdout as Readable, ended };
  };

  return {
    advertise: (request) => start(request, ['--stateless-rpc', '--http-backend-info-refs'], null),
    exchange(request, input) {
      // The caller gets git's output as soon as git has begun; the place is held until git has ended.
      return new Promise((resolve, reject) => {
        limit(async () => {
          const started = start(request, ['--stateless-rpc'], input);
          resolve(started);
          await started.ended;
        }).catch(reject);
      });
    },
  };
}
