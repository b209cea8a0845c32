import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants, open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { HAND_OVER_SOCKET, type RunnerConfig, SANDBOX_MARK } from '@roundhouse/contracts';
import { writeFileAtomic } from '@roundhouse/host';

export interface RunnerProgram {
  /** The absolute path of the runner's main.js. */
  readonly main: string;
  /** All of its environment but for the mark. */
  readonly environment: Readonly<Record<string, string>>;
}

export type RunnerProcess = ChildProcess & { readonly pid: number };

/** What the runner reads and deletes. */
export const CONFIG_FILE = 'config.json';
export const LOG_FILE = 'runner.log';

/** O_NOFOLLOW: the folder is the agent's too, and its log must not become a way into another file. */
const LOG_FLAGS = constants.O_APPEND | constants.O_CREAT | constants.O_WRONLY | constants.O_NOFOLLOW;

/**
 * Starts a runner for the config in its folder and resolves when its process runs. Its secrets are in a file of mode
 * 0600 that it deletes, neither in argv nor in the environment. `mark` is what its whole tree is found by.
 */
export async function startRunner(mark: string, config: RunnerConfig, program: RunnerProgram): Promise<RunnerProcess> {
  const file = join(config.folder, CONFIG_FILE);
  await writeFileAtomic(file, JSON.stringify(config), { mode: 0o600 });
  return await spawnRunner(mark, config.folder, ['--config', file], program);
}

/** Starts a runner that has no attempt yet and waits for one at its socket in `folder`. */
export const startAwaitingRunner = (mark: string, folder: string, program: RunnerProgram): Promise<RunnerProcess> =>
  spawnRunner(mark, folder, ['--await', join(folder, HAND_OVER_SOCKET)], program);

/** Tells one version of the runner's program from another; opaque. */
export async function runnerVersion({ main }: RunnerProgram): Promise<string> {
  const { size, mtimeMs } = await stat(main);
  return `${main} ${size} ${mtimeMs}`;
}

/** Detached and writing to a file, so that it lives on without the launcher. */
async function spawnRunner(
  mark: string,
  folder: string,
  args: readonly string[],
  program: RunnerProgram,
): Promise<RunnerProcess> {
  const log = await open(join(folder, LOG_FILE), LOG_FLAGS, 0o600);
  try {
    const child = spawn(process.execPath, [program.main, ...args], {
      cwd: folder,
      detached: true,
      env: { ...program.environment, [SANDBOX_MARK]: mark },
      stdio: ['ignore', log.fd, log.fd],
    });
    await once(child, 'spawn');
    child.unref();
    return child as RunnerProcess;
  } finally {
    await log.close();
  }
}
