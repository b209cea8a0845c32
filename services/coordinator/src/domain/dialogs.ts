import type { TaskRecord } from '@roundhouse/contracts';
import { changed, UNCHANGED } from './change.ts';
import type { Decision, TransitionHandler } from './decision.ts';
import type { EventOf } from './events.ts';

const gone = (message: string): Decision => ({ kind: 'refused', code: 'dialog_gone', message });

/** One answer at a time, and only to the dialog that is shown: the runner compares once more before it types. */
function requested(task: TaskRecord, event: EventOf<'answer_requested'>, now: string): Decision {
  const { question, state } = task.activity;
  const { dialogId, option, text } = event;
  if (state !== 'waiting_input' || question?.id !== dialogId) return gone(`${dialogId} is not shown`);
  const label = question.options[option];
  if (label === undefined) return gone(`${dialogId} has no option ${option}`);
  if (text !== undefined && question.textOptions?.includes(option) !== true)
    return { kind: 'refused', code: 'dialog_takes_no_text', message: `option ${option} of ${dialogId} takes no text` };
  const last = task.dialogAnswer;
  if (last?.state === 'pending' && last.dialogId === dialogId) {
    return last.option === option && last.text === text ? UNCHANGED : gone(`${dialogId} is being answered already`);
  }
  const answer = { id: event.answerId, dialogId, option, label, by: 'coordinator', state: 'pending' } as const;
  const words = text === undefined ? {} : { text };
  return changed({ ...task, dialogAnswer: { ...answer, ...words, reason: null, at: now } }, ['dialog']);
}

/** What was answered by policy is told as well; of what was asked for, only the answer that is still waited for. */
function reported(task: TaskRecord, { answer }: EventOf<'answer_reported'>, now: string): Decision {
  const last = task.dialogAnswer;
  const awaited = last?.state === 'pending' && last.id === answer.id;
  if (answer.by === 'coordinator' && !awaited) return UNCHANGED;
  if (last?.state === 'pending' && !awaited) return changed(task, ['dialog']);
  return changed({ ...task, dialogAnswer: { ...answer, at: now } }, ['dialog']);
}

export const DIALOG_HANDLERS: {
  readonly answer_requested: TransitionHandler<'answer_requested'>;
  readonly answer_reported: TransitionHandler<'answer_reported'>;
} = {
  answer_requested: (task, event, { now }) => requested(task, event, now),
  answer_reported: (task, event, { now }) => reported(task, event, now),
};

/** Nobody is left to type it. */
export function withoutPendingAnswer(task: TaskRecord): TaskRecord {
  if (task.dialogAnswer?.state !== 'pending') return task;
  const { text: _text, ...answer } = task.dialogAnswer;
  return { ...task, dialogAnswer: { ...answer, state: 'stale', reason: 'the attempt ended first' } };
}
