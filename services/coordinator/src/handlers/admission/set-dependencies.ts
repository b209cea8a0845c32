import {
  type Dependency,
  type InputOf,
  type OPERATIONS,
  RoundhouseError,
  type Task,
  type TaskRecord,
} from '@roundhouse/contracts';
import { heldBy } from '../../domain/admission/place.ts';
import { decide } from '../../domain/decide.ts';
import { ownTask } from '../access.ts';
import type { Caller, Deps } from '../deps.ts';
import { taskView } from '../task-view.ts';
import { versioned } from '../commit-change.ts';
import { readTask } from '../transition.ts';
import { weighTask } from './weigh.ts';

/** How often it is decided anew because another writer was first, and how many tasks a search for a cycle looks at. */
const MAX_TRIES = 50;
const MAX_VISITED = 10_000;

/**
 * Who must be there to be waited for.
 * @throws RoundhouseError `task_not_found` where one is not there, or another coordinator's
 */
export async function checkDependencies(
  { store }: Pick<Deps, 'store'>,
  coordinatorId: string,
  dependsOn: readonly Dependency[],
): Promise<TaskRecord[]> {
  return await Promise.all(
    dependsOn.map(async ({ taskId }) => {
      const task = await store.read(taskId);
      if (task !== null && task.coordinatorId === coordinatorId) return task;
      throw new RoundhouseError('task_not_found', `dependsOn names a task that is not there: ${taskId}`, { taskId });
    }),
  );
}

export async function setDependencies(
  deps: Deps,
  caller: Caller,
  { id, dependsOn, onDependencyFailure }: InputOf<typeof OPERATIONS.setDependencies>,
): Promise<Task> {
  await ownTask(deps, caller, id);
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const task = await readTask(deps, id);
    // Read before the search: a change of the graph while it goes on makes the commit stale.
    const graph = await deps.admission.graph(task.coordinatorId);
    await refuseCycle(deps, task, await checkDependencies(deps, task.coordinatorId, dependsOn));
    const circumstances = { now: deps.clock.now(), nextId: deps.clock.nextId };
    const decision = decide(task, { type: 'dependencies_set', dependsOn, onDependencyFailure }, circumstances);
    if (decision.kind === 'refused') throw new RoundhouseError(decision.code, decision.message);
    if (decision.kind === 'unchanged') return await taskView(deps, task);
    if (!(await deps.store.commit({ ...versioned(deps, task, decision), graph }))) continue;
    // The commit has ordered this look too; here it is for the answer's sake.
    return await taskView(deps, (await weighTask(deps, id)) ?? task);
  }
  throw new RoundhouseError(
    'version_conflict',
    `the dependencies changed ${MAX_TRIES} times while they were to be changed`,
  );
}

/** Only who is held waits, so only through them can a task come to wait for itself. */
async function refuseCycle({ store }: Deps, task: TaskRecord, dependencies: readonly TaskRecord[]): Promise<void> {
  const visited = new Set<string>();
  const paths: TaskRecord[][] = dependencies.map((dependency) => [task, dependency]);
  for (let path = paths.pop(); path !== undefined; path = paths.pop()) {
    const last = path.at(-1) as TaskRecord;
    if (last.id === task.id) throw cycle(path);
    if (visited.has(last.id) || heldBy(last) === null) continue;
    visited.add(last.id);
    if (visited.size > MAX_VISITED)
      throw new RoundhouseError('dependency_cycle', `more than ${MAX_VISITED} tasks are waited for in turn`, {
        path: [],
      });
    for (const { taskId } of last.dependsOn) {
      const next = await store.read(taskId);
      if (next !== null) paths.push([...path, next]);
    }
  }
}

function cycle(tasks: readonly TaskRecord[]): RoundhouseError {
  const path = tasks.map(({ id, name }) => ({ taskId: id, name }));
  const words = path.map(({ name, taskId }) => `“${name}” (${taskId.slice(0, 8)})`).join(' → ');
  return new RoundhouseError('dependency_cycle', `it would wait for itself: ${words}`, { path });
}
