import { join } from 'node:path';
import { type RunnerConfig, sandboxName } from '@roundhouse/contracts';
import { startTimeOf } from '@roundhouse/host';
import { configTaken } from '../../handlers/config-taken.ts';
import { writeHandle } from './handle.ts';
import { CONFIG_FILE, type RunnerProcess, type RunnerProgram, startRunner } from './runner-process.ts';

/** How long a start is held back at most for the sake of pacing. */
const START_PACE_MS = 10_000;

/**
 * Starts the runner of an attempt in its folder, which is there and empty. Calls `spawned` before anything else is
 * awaited, for it may end at once; resolves when it has taken its config, has ended, or has taken too long for it.
 */
export async function startAttempt(
  config: Extract<RunnerConfig, { mode: 'attempt' }>,
  program: RunnerProgram,
  spawned: (child: RunnerProcess) => void,
): Promise<void> {
  const { taskId, attempt, folder } = config;
  const name = sandboxName(taskId, attempt);
  const child = await startRunner(name, config, program);
  spawned(child);
  const startTime = await startTimeOf(child.pid);
  const createdAt = new Date().toISOString();
  const handle = { name, taskId, attempt, profile: null, runner: '', pid: child.pid, startTime, createdAt };
  await writeHandle(folder, handle);
  const ended = new AbortController();
  child.once('exit', () => ended.abort());
  if (child.exitCode !== null || child.signalCode !== null) ended.abort();
  const over = AbortSignal.any([ended.signal, AbortSignal.timeout(START_PACE_MS)]);
  // A folder that cannot be watched is only not paced: the sandbox runs.
  await configTaken(join(folder, CONFIG_FILE), over).catch(() => undefined);
}
