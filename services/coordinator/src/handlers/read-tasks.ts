import { type InputOf, type OPERATIONS, type OutputOf, RoundhouseError, Uuid } from '@roundhouse/contracts';
import { isSettled } from '../domain/derived.ts';
import { ownTask } from './access.ts';
import type { Caller, Deps } from './deps.ts';
import { taskView, taskViews } from './task-view.ts';

export async function listTasks(
  deps: Deps,
  caller: Caller,
  input: InputOf<typeof OPERATIONS.listTasks>,
): Promise<OutputOf<typeof OPERATIONS.listTasks>> {
  const { coordinatorId } = caller;
  const { tasks, next } = await pageOfTasks(deps, coordinatorId, input);
  const remaining =
    coordinatorId === null
      ? tasks.filter((task) => !isSettled(task)).length
      : await deps.store.remaining(coordinatorId);
  return { tasks: await taskViews(deps, tasks), nextCursor: next, remaining };
}

async function pageOfTasks(
  { store }: Deps,
  coordinatorId: string | null,
  { cursor = null, limit }: { cursor?: string | null | undefined; limit: number },
) {
  const known = cursor === null || Uuid.safeParse(cursor).success;
  const page = known ? await store.list(coordinatorId, cursor, limit) : null;
  if (page === null) throw new RoundhouseError('cursor_invalid', 'the cursor is not one of this list');
  return page;
}

export const getTask = async (
  deps: Deps,
  caller: Caller,
  { id }: { id: string },
): Promise<OutputOf<typeof OPERATIONS.getTask>> => await taskView(deps, await ownTask(deps, caller, id));

export async function listAgents(
  deps: Deps,
  { reach, coordinatorId }: Caller,
  input: InputOf<typeof OPERATIONS.listAgents>,
): Promise<OutputOf<typeof OPERATIONS.listAgents>> {
  const { tasks, next } = await pageOfTasks(deps, reach === 'own' ? coordinatorId : null, input);
  const views = await taskViews(deps, tasks);
  return {
    agents: views.map(({ id, name, lifecycle, activity, attention, updatedAt }) => ({
      taskId: id,
      name,
      lifecycle: lifecycle.state,
      activity: activity.state,
      attention,
      updatedAt,
    })),
    nextCursor: next,
  };
}
