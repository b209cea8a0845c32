import {
  type Coordinator,
  DEFAULT_NOTIFICATION_SETTINGS,
  type InputOf,
  NO_BUDGET,
  type OPERATIONS,
  type OutputOf,
} from '@roundhouse/contracts';
import { createTaskThat, idFor, promptBytes } from './create-task.ts';
import type { Caller, Deps } from './deps.ts';
import { actingCoordinator } from './notifications/box.ts';

type Operation = typeof OPERATIONS.runCoordinator;

/**
 * Makes a coordinator and the task whose agent it is. The task is the caller's coordinator's, not its own: who waits for its
 * sub-tasks does not wait for itself. Both ids come from the idempotency key, so a request that was cut off is made whole.
 */
export async function runCoordinator(
  deps: Deps,
  caller: Caller,
  { name, ...input }: InputOf<Operation>,
): Promise<OutputOf<Operation>> {
  promptBytes(input.prompt);
  const owner = await actingCoordinator(deps, caller);
  const id = idFor(deps, caller, 'coordinator');
  const taskId = idFor(deps, caller, 'task');
  // The coordinator first: its agent may ask for it as soon as there is the task.
  const coordinator: Coordinator = {
    id,
    name,
    projectId: input.projectId ?? owner.projectId,
    createdAt: deps.clock.now(),
    maxRunning: null,
    paused: null,
    budget: NO_BUDGET,
    notifications: DEFAULT_NOTIFICATION_SETTINGS,
    hostTaskId: taskId,
  };
  const task = await createTaskThat(deps, caller, { ...input, name }, { id: taskId, hosts: id }, () =>
    deps.registry.addCoordinator(coordinator),
  );
  return { coordinator, task };
}
