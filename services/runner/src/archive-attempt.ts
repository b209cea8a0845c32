import type { RunnerConfig } from '@roundhouse/contracts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { saveWork } from './handlers/save-work.ts';
import { removeInstructions } from './handlers/tell-in-tree.ts';
import type { Archiver, EndTree, Log, OpenDoors, TreeInstructions } from './ports.ts';
import { scratchesOf, worktreeIn } from './box.ts';

/**
 * Saves what a dead runner left in its worktree. The sandbox's processes are ended first: what still writes there would
 * be neither in the archive nor anywhere else afterwards.
 */
export async function archiveAttempt(
  run: Extract<RunnerConfig, { mode: 'archive' }>,
  ports: {
    readonly openDoors: OpenDoors;
    readonly archiver: Archiver;
    readonly treeInstructions: TreeInstructions;
    readonly endTree: EndTree;
    readonly temporary: string;
    readonly log: Log;
  },
): Promise<ExitCode> {
  const { left } = await ports.endTree([]);
  if (left.length > 0) ports.log.error({ left }, 'processes could not be ended');
  await removeInstructions(run.folder, ports);
  const hub = { url: `${run.coordinatorUrl}/git/${run.projectId}.git`, token: run.token };
  const order = { path: worktreeIn(run.folder), scratches: scratchesOf(run, ports.temporary), hub, ref: run.ref };
  const doors = await ports.openDoors(run.doors);
  try {
    return (await saveWork(ports.archiver, order, ports.log)) ? EXIT.done : EXIT.unsaved;
  } finally {
    await doors.close();
  }
}
