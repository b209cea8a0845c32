import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants, open } from 'node:fs/promises';
import { join } from 'node:path';
import { type RunnerConfig, SANDBOX_MARK } from '@roundhouse/contracts';
import { writeFileAtomic } from '@roundhouse/host';

export interface RunnerProgram {
  /** The absolute path of the runner's main.js. */
  readonly main: string;
  /** All of its environment but for the mark. */
  readonly environment: Readonly<Record<string, string>>;
}

/** What the runner reads and deletes. */
export const CONFIG_FILE = 'config.json';

/** O_NOFOLLOW: the folder is the agent's too, and its log must not become a way into another file. */
const LOG_FLAGS = constants.O_APPEND | constants.O_CREAT | constants.O_WRONLY | constants.O_NOFOLLOW;

/**
 * Starts a runner in its folder and resolves when its process runs. It is detached and writes to a file, so it lives on
 * without the launcher. Its secrets are in a file of mode 0600 that it deletes, neither in argv nor in the environment.
 */
export async function startRunner(
  name: string,
  config: RunnerConfig,
  program: RunnerProgram,
): Promise<ChildProcess & { pid: number }> {
  const file = join(config.folder, CONFIG_FILE);
  await writeFileAtomic(file, JSON.stringify(config), { mode: 0o600 });
  const log = await open(join(config.folder, 'runner.log'), LOG_FLAGS, 0o600);
  try {
    const child = spawn(process.execPath, [program.main, '--config', file], {
      cwd: config.folder,
      detached: true,
      env: { ...program.environment, [SANDBOX_MARK]: name },
      stdio: ['ignore', log.fd, log.fd],
    });
    await once(child, 'spawn');
    child.unref();
    return child as ChildProcess & { pid: number };
  } finally {
    await log.close();
  }
}
