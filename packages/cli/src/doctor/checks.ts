import { execFile } from 'node:child_process';
import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { ApiClient, type LauncherState, RoundhouseError } from '@roundhouse/contracts';
import { findRedis, writeFileAtomic } from '@roundhouse/host';
import { allOf } from '../all-pages.ts';
import type { DataPaths } from '../data-folder.ts';
import type { CliConfig } from '../config.ts';
import { SERVICE_MAINS } from '../embedded/service-table.ts';
import { git } from '../git.ts';
import { readToken } from '../secrets.ts';
import { readEndpoint } from '../state-files.ts';

/** How one check came out. `advice` says what to do where it is not well. */
export interface Finding {
  readonly check: string;
  readonly well: boolean;
  readonly found: string;
  readonly advice: string | null;
}

export interface CheckParts {
  readonly paths: DataPaths;
  readonly config: CliConfig;
  readonly cwd: string;
  readonly url: string | undefined;
  readonly signal: AbortSignal;
}

type Check = (parts: CheckParts) => Promise<{ well: boolean; found: string }>;

const run = promisify(execFile);

/** The checks, in the order in which a first start needs them. */
const CHECKS: readonly { readonly check: string; readonly advice: string; readonly look: Check }[] = [
  {
    check: 'node',
    advice: 'Install Node 20.19 or newer: https://nodejs.org',
    look: () => Promise.resolve({ well: nodeIsFit(process.versions.node), found: process.versions.node }),
  },
  { check: 'git', advice: 'Install git 2.38 or newer: landing needs "git merge-tree --write-tree".', look: lookAtGit },
  { check: 'redis', advice: 'Install redis-server or valkey-server, or set REDIS_URL.', look: lookAtRedis },
  { check: 'terminal', advice: 'Run "npm ci" again: the module node-pty does not work here.', look: lookAtPty },
  { check: 'data folder', advice: 'Make it writable for you, or name another one with --data.', look: lookAtData },
  { check: 'service', advice: 'Start it with "roundhouse up" (npm start).', look: lookAtService },
  {
    check: 'launchers',
    advice: 'Tasks wait until one is ready; "roundhouse launcher ls" shows all.',
    look: lookAtLaunchers,
  },
];

/** Runs all checks side by side; one that throws is one that is not well. */
export const examine = (parts: CheckParts): Promise<Finding[]> =>
  Promise.all(
    CHECKS.map(async ({ check, advice, look }): Promise<Finding> => {
      try {
        const { well, found } = await look(parts);
        return { check, well, found, advice: well ? null : advice };
      } catch (error) {
        const words = (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] ?? '';
        return { check, well: false, found: words, advice };
      }
    }),
  );

/** 20.19 and newer. */
export function nodeIsFit(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > 20 || (major === 20 && minor >= 19);
}

/** `git merge-tree --write-tree` came with 2.38. */
export function gitIsFit(words: string): boolean {
  const [, major = '0', minor = '0'] = /(\d+)\.(\d+)/.exec(words) ?? [];
  return Number(major) > 2 || (Number(major) === 2 && Number(minor) >= 38);
}

async function lookAtGit({ config, cwd, signal }: CheckParts) {
  const words = (await git(['--version'], { cwd, environment: config.inherited, signal })).trim();
  return { well: gitIsFit(words), found: words.replace(/^git version /, '') };
}

async function lookAtRedis({ config, signal }: CheckParts) {
  if (config.redisUrl !== undefined) return { well: true, found: 'REDIS_URL is set' };
  const quiet = (): void => undefined;
  const { command, from } = await findRedis({ log: { debug: quiet, info: quiet, warn: quiet, error: quiet }, signal });
  return { well: true, found: from === 'path' ? command : `${command} (unpacked into the cache)` };
}

const PTY = `const { spawn } = await import('node-pty'); spawn('/bin/true', [], {}).onExit(({ exitCode }) => process.exit(exitCode));`;

// In a process of its own, from where the runner stands: this package has no business with the module otherwise.
async function lookAtPty({ signal }: CheckParts) {
  await run(process.execPath, ['--input-type=module', '--eval', PTY], {
    cwd: dirname(SERVICE_MAINS.runner),
    timeout: 15_000,
    signal,
  });
  return { well: true, found: 'node-pty opens a terminal' };
}

async function lookAtData({ paths }: CheckParts) {
  await mkdir(paths.folder, { recursive: true, mode: 0o700 });
  const probe = join(paths.folder, `.doctor-${process.pid}`);
  await writeFileAtomic(probe, '', { mode: 0o600 });
  await rm(probe);
  return { well: true, found: paths.folder };
}

async function lookAtService({ paths, config, url, signal }: CheckParts) {
  const baseUrl = url ?? config.url ?? (await readEndpoint(paths))?.api;
  if (baseUrl === undefined) return { well: false, found: 'does not run' };
  const health = await new ApiClient({ baseUrl, token: '' }).call('getHealth', {}, { signal });
  return {
    well: true,
    found: `${baseUrl}, version ${health.version}, Redis answers in ${health.redisMs.toFixed(1)} ms`,
  };
}

async function lookAtLaunchers({ paths, config, url, signal }: CheckParts) {
  const baseUrl = url ?? config.url ?? (await readEndpoint(paths))?.api;
  if (baseUrl === undefined) return { well: false, found: 'the service does not run' };
  const token = config.token ?? (await readToken(paths.operatorToken).catch(() => null));
  if (token === null) return { well: true, found: 'not looked at: there is no token for this service here' };
  try {
    const client = new ApiClient({ baseUrl, token });
    return launcherFinding(await allOf(client, 'listLaunchers', (page) => page.launchers, { signal }));
  } catch (error) {
    if (!(error instanceof RoundhouseError) || error.code !== 'forbidden') throw error;
    return { well: true, found: 'not looked at: the token is not an operator’s' };
  }
}

/** Well where at least one is ready: tasks go on then. */
export function launcherFinding(launchers: readonly LauncherState[]): { well: boolean; found: string } {
  const ill = launchers.filter(({ ready }) => !ready);
  const words = ill.map(({ host, reason }) => `${host}: ${reason ?? 'not ready'}`).join('; ');
  const ready = launchers.length - ill.length;
  return { well: ready > 0, found: `${ready} of ${launchers.length} ready${words === '' ? '' : ` (${words})`}` };
}
