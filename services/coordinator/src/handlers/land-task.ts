import { type InputOf, type OPERATIONS, type OutputOf, RoundhouseError, type TaskRecord } from '@roundhouse/contracts';
import { signalIsCurrent } from '../domain/derived.ts';
import { acknowledge, isPerson, ownTask, refuseUnderHumanControl } from './access.ts';
import type { Caller, Deps } from './deps.ts';
import { diffOf } from './read-diff.ts';
import { taskView } from './task-view.ts';
import { readTask, transition } from './transition.ts';
import { watch } from './watch.ts';

type Outcome = OutputOf<typeof OPERATIONS.mergeTask>;

/** How long a caller is kept waiting for its landing, ms. The landing itself goes on. */
const LAND_WAIT_MS = 50_000;

/** The commit of the task's last word, or why there is none to land. */
export function landable(task: TaskRecord): string {
  if (task.lifecycle.state === 'closed') throw new RoundhouseError('task_closed', 'the task is closed');
  if (task.completion.state === 'signalled' && signalIsCurrent(task)) return task.completion.signal.commit;
  const why =
    task.completion.state === 'signalled'
      ? 'the task was prompted again after its signal'
      : 'the task has not signalled that it is done';
  throw new RoundhouseError('not_signalled', why, {
    lifecycle: task.lifecycle.state,
    completion: task.completion.state,
  });
}

async function outcomeOf(deps: Deps, task: TaskRecord): Promise<Outcome> {
  const { landing } = task;
  const view = { landing, task: await taskView(deps, task) };
  switch (landing.state) {
    case 'landed':
      return landing.nothingToLand
        ? { ...view, outcome: 'nothing_to_land', next: `${landing.target} has all of it already. Close the task.` }
        : { ...view, outcome: 'landed', next: `It is on ${landing.target} as ${landing.landedAs}. Close the task.` };
    case 'conflicted':
      return {
        ...view,
        outcome: 'conflicted',
        next: `Prompt the task to run "git fetch origin", merge "origin/${landing.target}", resolve the files named, commit and signal again; then merge again.`,
      };
    case 'failed':
      return {
        ...view,
        outcome: 'failed',
        next: 'The branch is unchanged; the reason says why. Try again when that is mended.',
      };
    case 'none':
    case 'queued':
      return { ...view, outcome: 'landing', next: 'The landing goes on; ask for the task’s status.' };
  }
}

/** Asks for the landing of a commit and waits for how it comes out. Asked again after it landed: the same answer. */
async function landCommit(
  deps: Deps,
  caller: Caller,
  taskId: string,
  request: { commit: string; message: string | null },
): Promise<Outcome> {
  const { landing } = await readTask(deps, taskId);
  const landed = landing.state === 'landed' && landing.commit === request.commit;
  const yields = !isPerson(caller);
  if (!landed) await transition(deps, taskId, { type: 'land_requested', by: 'coordinator', yields, ...request });
  return await landingOutcome(deps, caller, taskId);
}

/** Waits for the landing that is under way, if there is one, and tells how it came out. */
export async function landingOutcome(deps: Deps, caller: Caller, taskId: string): Promise<Outcome> {
  const done = await watch(
    { subscribe: (listener) => deps.feed.onTask(taskId, listener), timeoutMs: LAND_WAIT_MS, signal: caller.signal },
    async () => {
      const task = await readTask(deps, taskId);
      return task.landing.state === 'queued' ? null : task;
    },
  );
  return await outcomeOf(deps, done ?? (await readTask(deps, taskId)));
}

export async function mergeTask(
  deps: Deps,
  caller: Caller,
  input: InputOf<typeof OPERATIONS.mergeTask>,
): Promise<Outcome> {
  const task = await ownTask(deps, caller, input.id);
  if (task.lifecycle.state === 'closed' && task.landing.state === 'landed') return await outcomeOf(deps, task);
  refuseUnderHumanControl(deps, caller, task);
  const commit = landable(task);
  await acknowledge(deps, task);
  return await landCommit(deps, caller, input.id, { commit, message: input.message ?? null });
}

export async function reviewMerge(
  deps: Deps,
  caller: Caller,
  input: InputOf<typeof OPERATIONS.reviewMerge>,
): Promise<OutputOf<typeof OPERATIONS.reviewMerge>> {
  const task = await ownTask(deps, caller, input.id);
  const commit = landable(task);
  if (input.reviewedCommit === undefined) {
    const diff = await diffOf(deps, task, commit, 0, caller.signal);
    const next = `Read the diff (get_task_diff has the rest), then call again with reviewedCommit ${commit} to land exactly this.`;
    await acknowledge(deps, task);
    return { outcome: 'review', landing: task.landing, task: await taskView(deps, task), diff, next };
  }
  if (input.reviewedCommit !== commit) {
    throw new RoundhouseError(
      'commit_changed',
      'the task has signalled another commit than the one that was reviewed',
      { commit },
    );
  }
  return { ...(await mergeTask(deps, caller, input)), diff: null };
}
