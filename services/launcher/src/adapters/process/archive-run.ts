import { sandboxName } from '@roundhouse/contracts';
import type { ArchiveOrder, ArchiveOutcome } from '../../ports.ts';
import { exitOf } from './exit-of.ts';
import { type RunnerProgram, startRunner } from './runner-process.ts';

export interface ArchiveRun {
  readonly folder: string;
  readonly coordinatorUrl: string;
  readonly runner: RunnerProgram;
  readonly archiveMs: number;
}

/** Runs a runner in archive mode to its end, at most `archiveMs`; `end` is called where it did not archive. */
export async function runArchive(
  order: ArchiveOrder,
  { folder, coordinatorUrl, runner, archiveMs }: ArchiveRun,
  end: () => Promise<void>,
  signal: AbortSignal,
): Promise<ArchiveOutcome> {
  const { taskId, attempt, projectId, ref, token } = order;
  const place = { folder, isolated: false, doors: [] };
  const config = { mode: 'archive' as const, ...place, coordinatorUrl, projectId, taskId, attempt, token, ref };
  const child = await startRunner(sandboxName(taskId, attempt), config, runner);
  // Unlike an attempt's runner it is waited for, also by a launcher that has nothing else left to do.
  child.ref();
  const ended = await exitOf(child, AbortSignal.any([signal, AbortSignal.timeout(archiveMs)]));
  if (ended === 0) return { outcome: 'archived' };
  await end();
  const how = ended === null ? `did not end within ${archiveMs} ms or was told to stop` : `ended with ${ended}`;
  return { outcome: 'failed', reason: `the runner that was to archive it ${how}; its runner.log says more` };
}
