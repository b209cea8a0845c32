import type { Dependency, TaskRecord } from '@roundhouse/contracts';
import { type DependencyFact, factOf } from '../../domain/admission/dependencies.ts';
import { heldBy } from '../../domain/admission/place.ts';
import type { Deps } from '../deps.ts';
import { transition } from '../transition.ts';

type Weighing = Pick<Deps, 'store' | 'clock'>;

/** What the tasks that are named have come to by now. One that is not there is left out. */
export async function factsOf({ store }: Weighing, dependsOn: readonly Dependency[]): Promise<DependencyFact[]> {
  const tasks = await Promise.all(dependsOn.map(({ taskId }) => store.read(taskId)));
  return tasks.filter((task) => task !== null).map(factOf);
}

/** Looks at what a held task waits for, and lets it go on, fail or wait. Answers it as it is then; null: there is none. */
export async function weighTask(deps: Weighing, taskId: string): Promise<TaskRecord | null> {
  const task = await deps.store.read(taskId);
  const by = task === null ? null : heldBy(task);
  if (task === null || by === null || by === 'turn') return task;
  return await transition(deps, taskId, { type: 'dependencies_weighed', facts: await factsOf(deps, task.dependsOn) });
}
