import { RoundhouseError, type TaskRecord } from '@roundhouse/contracts';
import { decide } from '../domain/decide.ts';
import type { Change } from '../domain/decision.ts';
import type { Event } from '../domain/events.ts';
import { boxChange, hostStir } from '../domain/notifications.ts';
import type { Commit } from '../ports.ts';
import type { Deps } from './deps.ts';

/** How often a decision is made anew because another writer was first. Each try reads what that writer wrote. */
const MAX_TRIES = 50;

export interface TransitionOptions {
  /** The record as it was when it was read last: the first decision is made upon it, and anew where it is another by now. */
  readonly known?: TaskRecord;
  /** The number of the runner's event: what is committed already is not committed twice. */
  readonly eventSeq?: number;
  readonly prompt?: { readonly id: string; readonly text: string };
}

type Stores = Pick<Deps, 'store' | 'clock'>;

export async function readTask({ store }: Pick<Deps, 'store'>, taskId: string): Promise<TaskRecord> {
  const task = await store.read(taskId);
  if (task === null) throw new RoundhouseError('task_not_found', `there is no task ${taskId}`);
  return task;
}

/** Applies one event to the version that is stored now. Returns the task as it is afterwards; throws what was refused. */
export async function transition(
  deps: Stores,
  taskId: string,
  event: Event,
  options: TransitionOptions = {},
): Promise<TaskRecord> {
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const known = tries === 0 ? options.known : undefined;
    const task = known ?? (await readTask(deps, taskId));
    const isCommitted = options.eventSeq !== undefined && options.eventSeq <= task.eventSeq;
    const decision = decide(task, event, { now: deps.clock.now(), nextId: deps.clock.nextId });
    // What was read a while ago may be over: only a change can be made upon it, since its commit is held against the version.
    if (known !== undefined && (isCommitted || decision.kind !== 'changed')) continue;
    if (isCommitted) return task;
    if (decision.kind === 'refused') throw new RoundhouseError(decision.code, decision.message, decision.details);
    if (decision.kind === 'unchanged' && options.eventSeq === undefined) return task;
    const change: Change = decision.kind === 'changed' ? decision : { kind: 'changed', task, kinds: [], effects: [] };
    const committed = await commitChange(deps, task, change, options);
    if (committed !== null) return committed;
  }
  throw new RoundhouseError('version_conflict', `the task changed ${MAX_TRIES} times while it was to be changed`);
}

/** Commits a change of exactly this version; null where another one is stored by now. */
export async function commitChange(
  deps: Stores,
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
