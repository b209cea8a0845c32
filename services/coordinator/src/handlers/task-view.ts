import type { Task, TaskRecord } from '@roundhouse/contracts';
import { heldBy } from '../domain/admission/place.ts';
import { type Surroundings, admissionView } from '../domain/admission/standing.ts';
import { viewOf } from '../domain/derived.ts';
import { whyQueued } from '../domain/why-queued.ts';
import type { Deps } from './deps.ts';

type Views = Pick<Deps, 'launchers' | 'admission' | 'maxRunning'>;

/** Tasks as callers see them. Launchers and coordinators are read once, and only where a task waits for them. */
export async function taskViews(deps: Views, tasks: readonly TaskRecord[]): Promise<Task[]> {
  const someWait = tasks.some(
    ({ lifecycle, admission }) => lifecycle.state === 'queued' && admission.state === 'admitted',
  );
  const [why, around] = await Promise.all([
    someWait ? deps.launchers.list().then(whyQueued) : null,
    surroundings(
      deps,
      tasks.filter((task) => heldBy(task) === 'turn').map(({ coordinatorId }) => coordinatorId),
    ),
  ]);
  return tasks.map((task) => viewOf(task, why, admissionView(task, around(task.coordinatorId))));
}

export async function taskView(deps: Views, task: TaskRecord): Promise<Task> {
  const [view] = await taskViews(deps, [task]);
  return view as Task;
}

async function surroundings(
  { admission, maxRunning }: Views,
  coordinatorIds: readonly string[],
): Promise<(coordinatorId: string) => Surroundings | null> {
  if (coordinatorIds.length === 0) return () => null;
  const { standings, running, breakers, nowMs } = await admission.standings(coordinatorIds);
  const house = { running, maxRunning };
  return (coordinatorId) => {
    const standing = standings.get(coordinatorId);
    return standing === undefined ? null : { standing, house, breakers, nowMs };
  };
}
