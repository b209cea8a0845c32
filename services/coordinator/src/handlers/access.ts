import { type Coordinator, RoundhouseError, type Role, type TaskRecord } from '@roundhouse/contracts';
import { humanHolds } from '../domain/regions/control.ts';
import type { Caller, Deps } from './deps.ts';
import { readTask, transition } from './transition.ts';

/** Those behind whose keyboard a person sits. */
const PEOPLE: readonly Role[] = ['operator', 'paired'];

/** Whether a task is within the caller's reach. An operator that acts for a coordinator reaches what is that one's. */
function reaches({ identity, coordinatorId, reach }: Caller, task: TaskRecord): boolean {
  if (reach === 'any') return coordinatorId === null || task.coordinatorId === coordinatorId;
  if ('taskId' in identity) return identity.taskId === task.id;
  return 'coordinatorId' in identity && identity.coordinatorId === task.coordinatorId;
}

/** The task, if it is the caller's. Somebody else's is not there at all, so that ids tell nothing. */
export async function ownTask(deps: Deps, caller: Caller, taskId: string): Promise<TaskRecord> {
  const task = await readTask(deps, taskId);
  if (!reaches(caller, task)) throw new RoundhouseError('task_not_found', `there is no task ${taskId}`);
  return task;
}

/** The coordinator, if it is the caller's; like a task, somebody else's is not there. */
export async function ownCoordinator(deps: Deps, caller: Caller, id: string): Promise<Coordinator> {
  const { identity, reach } = caller;
  const own = reach === 'any' || ('coordinatorId' in identity && identity.coordinatorId === id);
  const coordinator = own ? await deps.registry.coordinator(id) : null;
  if (coordinator === null) throw new RoundhouseError('coordinator_not_found', `there is no coordinator ${id}`);
  return coordinator;
}

/** The coordinator that the call is for, which an operator must name. */
export function actingFor(caller: Caller): string {
  if (caller.coordinatorId === null)
    throw new RoundhouseError('coordinator_required', 'the call is for no coordinator');
  return caller.coordinatorId;
}

/** Whether a person sits behind the caller's keyboard. */
export const isPerson = ({ identity }: Caller): boolean => PEOPLE.includes(identity.role);

/** While a person holds the keyboard, the coordinator neither lands nor closes. The commit itself is held to it again. */
export function refuseUnderHumanControl({ clock }: Deps, caller: Caller, task: TaskRecord): void {
  const { control } = task;
  if (isPerson(caller) || control.holder !== 'human' || !humanHolds(control, clock.now())) return;
  const { until, who } = control;
  throw new RoundhouseError('human_control', `a person holds the keyboard until ${until} at the latest`, {
    until,
    holder: who,
  });
}

/**
 * Who acts on a task has heard of it: its notice is not handed out again, nor a report or a summary that was handed out. A
 * question is settled by its answer alone.
 */
export async function acknowledge(deps: Deps, task: TaskRecord): Promise<void> {
  const { delivery, sideNotices } = task;
  const newest = delivery.state === 'delivered' || delivery.state === 'pending' ? [delivery.notice.id] : [];
  const heard = sideNotices
    .filter(({ state, notice }) => state === 'delivered' && notice.kind !== 'question')
    .map(({ notice }) => notice.id);
  for (const noticeId of [...newest, ...heard])
    await transition(deps, task.id, { type: 'notice_acknowledged', noticeId });
}
