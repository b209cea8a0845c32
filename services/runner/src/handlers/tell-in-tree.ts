import type { RunnerConfig } from '@roundhouse/contracts';
import { worktreeIn } from '../box.ts';
import { instructionsFor } from '../domain/instructions.ts';
import type { Log, TreeInstructions } from '../ports.ts';

/** Puts the instructions into the worktree where the agent can only be told so. */
export async function plantInstructions(
  { folder, assignment }: Pick<Extract<RunnerConfig, { mode: 'attempt' }>, 'folder' | 'assignment'>,
  treeInstructions: TreeInstructions,
  signal: AbortSignal,
): Promise<void> {
  const { agent, taskId } = assignment;
  if (agent.kind !== 'command' || agent.instructionsFile === undefined) return;
  const text = instructionsFor(assignment);
  const order = { folder, worktree: worktreeIn(folder), file: agent.instructionsFile, taskId, text };
  await treeInstructions.plant(order, signal);
}

/** Takes them out before the work is saved. What cannot be taken out is kept from the archive by git's filter and the hub. */
export async function removeInstructions(
  folder: string,
  { treeInstructions, log }: { readonly treeInstructions: TreeInstructions; readonly log: Log },
): Promise<void> {
  try {
    await treeInstructions.remove(folder);
  } catch (error) {
    log.warn({ reason: error instanceof Error ? error.message : String(error) }, 'instructions were left in the tree');
  }
}
