import type { TaskRecord } from '@roundhouse/contracts';
import { factOf, weigh } from '../../domain/admission/dependencies.ts';
import type { Effect } from '../../domain/events.ts';
import { type NewTask, newTask } from '../../domain/new-task.ts';
import type { Deps } from '../deps.ts';

/**
 * Creates the task: admitted where nothing holds it, in the same commit, else held. Null: it is there already.
 * @throws RoundhouseError `budget_exhausted`
 */
export async function commitNew(
  { store, clock, maxRunning }: Pick<Deps, 'store' | 'clock' | 'maxRunning'>,
  wanted: NewTask,
  prompt: { readonly id: string; readonly text: string },
  dependencies: readonly TaskRecord[],
): Promise<TaskRecord | null> {
  const now = clock.now();
  const creation = (task: TaskRecord, effect: Effect) =>
    ({ expected: 0, task, kinds: ['created'], effects: [effect], prompt }) as const;
  const weighed = weigh(wanted.dependsOn ?? [], dependencies.map(factOf));
  if (weighed.state !== 'met') {
    // Whatever was seen is over by now: the commit enters it with those that it waits for, and orders a look at them after.
    const reason = weighed.state === 'pending' ? weighed.reason : 'its dependencies are being looked at';
    const held = newTask(wanted, now, { state: 'held', by: 'dependencies', reason });
    return (await store.commit(creation(held, { type: 'weigh', taskId: wanted.id }))) ? held : null;
  }
  const admitted = newTask(wanted, now);
  const enqueue = { type: 'enqueue', taskId: wanted.id, attempt: 1 } as const;
  const result = await store.admit(creation(admitted, enqueue), { most: maxRunning, trial: false, afterOthers: true });
  if (result === 'committed') return admitted;
  if (result === 'stale') return null;
  const inLine = newTask(wanted, now, { state: 'held', by: 'turn' });
  const admit = { type: 'admit', coordinatorId: wanted.coordinatorId } as const;
  return (await store.commit(creation(inLine, admit))) ? inLine : null;
}
