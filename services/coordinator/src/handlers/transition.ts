import { RoundhouseError, type TaskRecord } from '@roundhouse/contracts';
import { decide } from '../domain/decide.ts';
import type { Change } from '../domain/decision.ts';
import type { Event } from '../domain/events.ts';
import type { TransitionOptions } from './commit-change.ts';
import { commitToWaiter, type Committing } from './commit-to-waiter.ts';
import type { Deps } from './deps.ts';

/** How often a decision is made anew because another writer was first. Each try reads what that writer wrote. */
const MAX_TRIES = 50;

export async function readTask({ store }: Pick<Deps, 'store'>, taskId: string): Promise<TaskRecord> {
  const task = await store.read(taskId);
  if (task === null) throw new RoundhouseError('task_not_found', `there is no task ${taskId}`);
  return task;
}

/** Applies one event to the version that is stored now. Returns the task as it is afterwards; throws what was refused. */
export async function transition(
  deps: Committing,
  taskId: string,
  event: Event,
  options: TransitionOptions = {},
): Promise<TaskRecord> {
  const returned = async (noticeId: string): Promise<void> =>
    void (await transition(deps, taskId, { type: 'notice_returned', noticeId }));
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const known = tries === 0 ? (options.known ?? deps.store.lastSeen(taskId)) : null;
    const task = known ?? (await readTask(deps, taskId));
    const isCommitted = options.eventSeq !== undefined && options.eventSeq <= task.eventSeq;
    const decision = decide(task, event, { now: deps.clock.now(), nextId: deps.clock.nextId });
    // What was read a while ago may be over: only a change can be made upon it, since its commit is held against the version.
    if (known !== null && (isCommitted || decision.kind !== 'changed')) continue;
    if (isCommitted) return task;
    if (decision.kind === 'refused') throw new RoundhouseError(decision.code, decision.message, decision.details);
    if (decision.kind === 'unchanged' && options.eventSeq === undefined) return task;
    const change: Change = decision.kind === 'changed' ? decision : { kind: 'changed', task, kinds: [], effects: [] };
    const committed = await commitToWaiter(deps, task, change, options, returned);
    if (committed !== null) return committed;
  }
  throw new RoundhouseError('version_conflict', `the task changed ${MAX_TRIES} times while it was to be changed`);
}
