import { type InputOf, type OPERATIONS, type OutputOf, RoundhouseError, Uuid } from '@roundhouse/contracts';
import { viewOf } from '../domain/derived.ts';
import { ownTask } from './access.ts';
import type { Caller, Deps } from './deps.ts';

export async function listTasks(
  deps: Deps,
  caller: Caller,
  input: InputOf<typeof OPERATIONS.listTasks>,
): Promise<OutputOf<typeof OPERATIONS.listTasks>> {
  const { cursor, limit } = input;
  if (cursor !== undefined && !Uuid.safeParse(cursor).success)
    throw new RoundhouseError('cursor_invalid', 'the cursor is not one of ours');
  const { coordinatorId } = caller;
  const { tasks, next } = await deps.store.list(coordinatorId, cursor ?? null, limit);
  const remaining =
    coordinatorId === null
      ? tasks.map(viewOf).filter(({ settled }) => !settled).length
      : await deps.store.remaining(coordinatorId);
  return { tasks: tasks.map(viewOf), nextCursor: next, remaining };
}

export const getTask = async (
  deps: Deps,
  caller: Caller,
  { id }: { id: string },
): Promise<OutputOf<typeof OPERATIONS.getTask>> => viewOf(await ownTask(deps, caller, id));

export async function listAgents(
  deps: Deps,
  _caller: Caller,
  { limit }: { limit: number },
): Promise<OutputOf<typeof OPERATIONS.listAgents>> {
  const { tasks } = await deps.store.list(null, null, limit);
  return {
    agents: tasks.map(viewOf).map(({ id, name, lifecycle, activity, attention, updatedAt }) => ({
      taskId: id,
      name,
      lifecycle: lifecycle.state,
      activity: activity.state,
      attention,
      updatedAt,
    })),
  };
}
