import { type InputOf, type OPERATIONS, type OutputOf, type TaskRecord } from '@roundhouse/contracts';
import { outstandingPrompts, signalIsCurrent } from '../domain/derived.ts';
import { humanHolds } from '../domain/regions/control.ts';
import { openQuestions } from '../domain/questions.ts';
import { ownTask } from './access.ts';
import type { Caller, Deps } from './deps.ts';
import { toldByWait } from './notifications/told-by-wait.ts';
import { taskView } from './task-view.ts';
import { readTask } from './transition.ts';
import { watch } from './watch.ts';

type Answer = OutputOf<typeof OPERATIONS.waitForIdle>;

function outcomeOf(task: TaskRecord, now: string): Answer['outcome'] | null {
  const { lifecycle, activity } = task;
  if (lifecycle.state === 'closed' || lifecycle.state === 'ended') return lifecycle.state;
  if (humanHolds(task.control, now)) return 'human_control';
  if (task.prompts.at(-1)?.state === 'undelivered') return 'undelivered';
  if (openQuestions(task).length > 0) return 'question';
  if (activity.state === 'waiting_input') return 'waiting_input';
  if (signalIsCurrent(task)) return 'signalled';
  // An idle report is from before a prompt that is still on its way.
  if (activity.state === 'idle' && outstandingPrompts(task).length === 0) return 'idle';
  return null;
}

export async function waitForIdle(
  deps: Deps,
  caller: Caller,
  input: InputOf<typeof OPERATIONS.waitForIdle>,
): Promise<Answer> {
  await ownTask(deps, caller, input.id);
  const answer = async (task: TaskRecord, outcome: Answer['outcome']): Promise<Answer> => ({
    outcome,
    activity: task.activity,
    task: await taskView(deps, task),
  });
  const found = await watch(
    {
      subscribe: (listener) => deps.feed.onTask(input.id, listener),
      timeoutMs: input.timeoutMs,
      signal: caller.signal,
    },
    async () => {
      const task = await readTask(deps, input.id);
      const outcome = outcomeOf(task, deps.clock.now());
      return outcome === null ? null : await answer(task, outcome);
    },
  );
  if (found === null) return await answer(await readTask(deps, input.id), 'timeout');
  await toldByWait(deps, caller, [{ taskId: input.id, version: found.task.version }]);
  return found;
}
