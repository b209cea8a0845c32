import type { TaskRecord } from '@roundhouse/contracts';
import type { Change } from '../domain/decision.ts';
import { boxChange, hostStir } from '../domain/notifications.ts';
import type { Commit } from '../ports/tasks.ts';
import type { Deps } from './deps.ts';

export interface TransitionOptions {
  /** The record as the caller read it last: the first decision is made upon it, and anew where it is another by now. */
  readonly known?: TaskRecord;
  /** The number of the runner's event: what is committed already is not committed twice. */
  readonly eventSeq?: number;
  readonly prompt?: { readonly id: string; readonly text: string };
}

/** Commits a change of exactly this version; null where another one is stored by now. */
export async function commitChange(
  deps: Pick<Deps, 'store' | 'clock'>,
  read: TaskRecord,
  change: Change,
  options: TransitionOptions = {},
): Promise<TaskRecord | null> {
  const commit = versioned(deps, read, change, options);
  return (await deps.store.commit(commit)) ? commit.task : null;
}

/** A change as what is committed: of exactly the version that was read. */
export function versioned(
  { clock }: Pick<Deps, 'clock'>,
  read: TaskRecord,
  change: Change,
  { eventSeq, prompt }: TransitionOptions = {},
): Commit {
  const task: TaskRecord = {
    ...change.task,
    version: read.version + 1,
    updatedAt: clock.now(),
    eventSeq: eventSeq ?? change.task.eventSeq,
  };
  const { kinds, effects } = change;
  const box = boxChange(read, task);
  const stir = hostStir(read, task, kinds, task.updatedAt);
  return {
    expected: read.version,
    task,
    kinds,
    effects,
    ...(prompt === undefined ? {} : { prompt }),
    ...(box === null ? {} : { box }),
    ...(stir === null ? {} : { stir }),
  };
}
