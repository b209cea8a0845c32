import { RoundhouseError, type TaskRecord } from '@roundhouse/contracts';
import { humanHolds } from '../domain/regions/control.ts';
import type { Caller, Deps } from './deps.ts';
import { readTask, transition } from './transition.ts';

/** The task, if it is the caller's. Somebody else's is not there at all, so that ids tell nothing. */
export async function ownTask(deps: Deps, caller: Caller, taskId: string): Promise<TaskRecord> {
  const task = await readTask(deps, taskId);
  const { identity, coordinatorId } = caller;
  const own =
    identity.role === 'subtask'
      ? identity.taskId === taskId
      : coordinatorId === null || task.coordinatorId === coordinatorId;
  if (!own) throw new RoundhouseError('task_not_found', `there is no task ${taskId}`);
  return task;
}

/** The coordinator that the call is for, which an operator must name. */
export function actingFor(caller: Caller): string {
  if (caller.coordinatorId === null)
    throw new RoundhouseError('coordinator_required', 'the call is for no coordinator');
  return caller.coordinatorId;
}

/** While a person holds the keyboard, the coordinator neither prompts nor lands nor closes. */
export function refuseUnderHumanControl({ clock }: Deps, caller: Caller, task: TaskRecord): void {
  if (caller.identity.role === 'operator' || !humanHolds(task.control, clock.now())) return;
  const until = task.control.holder === 'human' ? task.control.until : '';
  throw new RoundhouseError('human_control', `a person holds the keyboard until ${until} at the latest`, { until });
}

/** Who acts on a task has heard of it: its notice is not handed out again. */
export async function acknowledge(deps: Deps, task: TaskRecord): Promise<void> {
  const { delivery } = task;
  if (delivery.state !== 'delivered' && delivery.state !== 'pending') return;
  await transition(deps, task.id, { type: 'notice_acknowledged', noticeId: delivery.notice.id });
}
