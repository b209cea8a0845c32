import type { Task, TaskRecord } from '@roundhouse/contracts';
import { viewOf } from '../domain/derived.ts';
import { whyQueued } from '../domain/why-queued.ts';
import type { Deps } from './deps.ts';

type Views = Pick<Deps, 'launchers'>;

/** Tasks as callers see them. The launchers are read once, and only where a task waits for one. */
export async function taskViews({ launchers }: Views, tasks: readonly TaskRecord[]): Promise<Task[]> {
  const someWait = tasks.some(({ lifecycle }) => lifecycle.state === 'queued');
  const why = someWait ? whyQueued(await launchers.list()) : null;
  return tasks.map((task) => viewOf(task, why));
}

export async function taskView(deps: Views, task: TaskRecord): Promise<Task> {
  const [view] = await taskViews(deps, [task]);
  return view as Task;
}
