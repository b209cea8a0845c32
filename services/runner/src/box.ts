import { join } from 'node:path';

/** What lies where in a sandbox's folder. */
export const worktreeIn = (folder: string): string => join(folder, 'worktree');

/**
 * Where an archive is made. A sandbox of its own keeps its temporary files elsewhere than its worktree, whose disk may
 * be what is full; else beside the worktree, where only this attempt writes.
 */
export function scratchesOf(run: { folder: string; isolated: boolean }, temporary: string): readonly string[] {
  const beside = join(run.folder, 'archive');
  return run.isolated ? [join(temporary, 'roundhouse-archive'), beside] : [beside];
}
