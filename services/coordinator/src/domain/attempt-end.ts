import type { End, TaskRecord } from '@roundhouse/contracts';
import { changed } from './change.ts';
import { tellTyped } from './control-transitions.ts';
import type { Change, Circumstances } from './decision.ts';
import { isSettled, signalIsCurrent } from './derived.ts';
import { withoutPendingAnswer } from './dialogs.ts';
import type { Effect } from './events.ts';
import { raise } from './notices.ts';
import { recalled } from './recall-transitions.ts';
import { nextActivity } from './regions/activity.ts';
import { questionsOver } from './voice-transitions.ts';

const baseCommitOf = (task: TaskRecord): string | null =>
  'baseCommit' in task.lifecycle ? task.lifecycle.baseCommit : null;

/** The close goes on as soon as no sandbox of the task is left (I9). */
export const closeIfGone = (task: TaskRecord): Effect[] =>
  task.closing !== null && task.lifecycle.state === 'ended' && task.sandboxes.length === 0
    ? [{ type: 'finish_close', taskId: task.id }]
    : [];

/**
 * What was between the task and the agent of the attempt that is over: what was not typed never will be, nobody waits for
 * answers, and what a recall asked of its runner is done, since nobody is left to type the prompt.
 */
function partedFrom(task: TaskRecord, circumstances: Circumstances): TaskRecord {
  const { now } = circumstances;
  const untyped = task.inputs.length > 0;
  const prompts = task.prompts.map((prompt) => (prompt.state === 'queued' ? recalled(prompt, now) : prompt));
  const parted = questionsOver({ ...task, inputs: [], prompts }, now);
  return untyped ? tellTyped(parted, circumstances).task : parted;
}

/** Invariant I2: the one place where an attempt comes to its end. Done followed by an exit is one completion. */
export function end(task: TaskRecord, how: End, circumstances: Circumstances): Change {
  const wasSettled = isSettled(task);
  const { closing } = task;
  const ending: End = closing === null ? how : { kind: 'cancelled', reason: closing.reason };
  const lastPublish =
    task.publish === null
      ? task.lastPublish
      : ({ id: task.publish.id, outcome: 'failed', reason: 'the attempt ended first' } as const);
  const ended: TaskRecord = {
    ...partedFrom(withoutPendingAnswer(task), circumstances),
    lifecycle: { state: 'ended', baseCommit: baseCommitOf(task), end: ending },
    deadline: null,
    activity: nextActivity(task.activity, 'attempt_over', circumstances.now),
    publish: null,
    lastPublish,
  };
  const told = wasSettled || closing !== null ? ended : raise(ended, 'ended', { end: ending }, circumstances);
  return changed(told, ['ended'], closeIfGone(told));
}

/** A lost attempt is followed by a new one under a new epoch, unless the task has said its last word or is closing. */
export function lose(task: TaskRecord, reason: string, circumstances: Circumstances): Change {
  if (task.closing !== null || signalIsCurrent(task) || task.attempt >= task.limits.attempts) {
    return end(task, { kind: 'lost', reason }, circumstances);
  }
  const attempt = task.attempt + 1;
  const lastPublish =
    task.publish === null
      ? task.lastPublish
      : ({ id: task.publish.id, outcome: 'failed', reason: 'the attempt was lost' } as const);
  const parted = partedFrom(withoutPendingAnswer(task), circumstances);
  return changed(
    {
      ...parted,
      attempt,
      lifecycle: { state: 'queued' },
      deadline: null,
      activity: nextActivity(task.activity, 'attempt_over', circumstances.now),
      prompts: parted.prompts.map(({ screen: _screen, ...prompt }) =>
        prompt.state === 'withdrawn' ? prompt : { ...prompt, state: 'queued', at: circumstances.now },
      ),
      publish: null,
      lastPublish,
      eventSeq: 0,
    },
    ['retrying'],
    [{ type: 'enqueue', taskId: task.id, attempt }],
  );
}
