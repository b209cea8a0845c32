/** Where a task of a plan stands. `passed` includes that what it was to land has landed. */
export type Standing = 'waiting' | 'live' | 'passed' | 'failed' | 'skipped';

interface Task {
  readonly name: string;
  readonly needs: readonly string[];
}

export interface Moves<T extends Task> {
  readonly start: readonly T[];
  readonly skip: readonly { readonly task: T; readonly because: string }[];
}

/**
 * What follows from where the tasks stand: who is skipped, since one that it needs did not pass, and who starts, in the
 * plan's order, at most `concurrency` live at once. A skip may bring about further skips: ask until there are none.
 */
export function nextMoves<T extends Task>(
  tasks: readonly T[],
  standing: ReadonlyMap<string, Standing>,
  concurrency: number,
): Moves<T> {
  const stands = (name: string): Standing => standing.get(name) ?? 'waiting';
  const waiting = tasks.filter(({ name }) => stands(name) === 'waiting');
  const skip = waiting.flatMap((task) => {
    const because = task.needs.find((need) => stands(need) === 'failed' || stands(need) === 'skipped');
    return because === undefined ? [] : [{ task, because }];
  });
  const live = tasks.filter(({ name }) => stands(name) === 'live').length;
  const ready = waiting.filter(({ needs }) => needs.every((need) => stands(need) === 'passed'));
  return { start: ready.slice(0, Math.max(0, concurrency - live)), skip };
}

/** Whether nothing is to be done any more. */
export const isOver = (tasks: readonly Task[], standing: ReadonlyMap<string, Standing>): boolean =>
  tasks.every(({ name }) => !['waiting', 'live'].includes(standing.get(name) ?? 'waiting'));
