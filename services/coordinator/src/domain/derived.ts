import {
  type Admission,
  type Completion,
  type End,
  MAX_QUEUED_PROMPTS,
  type PromptReceipt,
  type PromptRecord,
  SHOWN_RESULT_BYTES,
  type Task,
  type TaskRecord,
} from '@roundhouse/contracts';
import { admissionView } from './admission/standing.ts';
import { openQuestions } from './questions.ts';

/** What of the reports is shown with a task: clients cut long answers. */
const SHOWN_REPORTS = 3;
const SHOWN_REPORT_CHARACTERS = 500;

/** The prompts that are on their way to the agent. */
export const outstandingPrompts = (task: TaskRecord): PromptRecord[] =>
  task.prompts.filter(({ state }) => state === 'queued' || state === 'written');

/**
 * Whether a prompt is kept back: while a person holds the keyboard, and until all that they typed is in the terminal. The
 * first one is not, since an agent may be started with it, nor is what the holder sends.
 */
export const isHeld = ({ control, inputs }: TaskRecord, { state, ordinal, byHolder }: PromptRecord): boolean =>
  state === 'queued' && ordinal > 1 && !byHolder && (control.holder === 'human' || inputs.length > 0);

/** A prompt as callers see it. */
export function receiptOf(task: TaskRecord, prompt: PromptRecord): PromptReceipt {
  const { textId: _text, recall: _recall, byHolder: _by, ...rest } = prompt;
  return { ...rest, held: isHeld(task, prompt) };
}

export const promptQueueFull = (task: TaskRecord): boolean => outstandingPrompts(task).length >= MAX_QUEUED_PROMPTS;

const lastOrdinal = (task: TaskRecord, states: readonly PromptRecord['state'][]): number =>
  task.prompts.reduce((last, prompt) => (states.includes(prompt.state) ? Math.max(last, prompt.ordinal) : last), 0);

/** The last prompt that the agent took. At least the first one: who signals has been told something. */
export const lastAcceptedPrompt = (task: TaskRecord): number => Math.max(1, lastOrdinal(task, ['accepted']));

/** Whether the task's signal is its last word: nothing was asked of it since. Only then may its commit land. */
export function signalIsCurrent(task: TaskRecord): boolean {
  if (task.completion.state !== 'signalled') return false;
  return task.completion.signal.afterPrompt >= lastOrdinal(task, ['queued', 'written', 'accepted']);
}

/** Invariant I5: a task counts in `remaining` until it has ended, or has signalled and was asked nothing since. */
export function isSettled(task: TaskRecord): boolean {
  const { state } = task.lifecycle;
  if (state === 'ended' || state === 'closed') return true;
  // A landing that the task asked for itself may conflict, and then it goes on working.
  const landsItself = task.landing.state === 'queued' && task.landing.by === 'subtask';
  return signalIsCurrent(task) && task.publish === null && !landsItself;
}

/** Whether an attempt of the task may be alive now and owns it. */
export const isLive = (task: TaskRecord): boolean =>
  task.lifecycle.state === 'starting' || task.lifecycle.state === 'running';

/** What an end that nobody wished for is called; the agent's own exit and a close are no news. */
const UNWANTED: Readonly<Record<Exclude<End['kind'], 'exited' | 'cancelled'>, string>> = {
  failed: 'it could not run',
  lost: 'it was lost',
  oom: 'out of memory',
  timeout: 'out of time',
  disk: 'out of disk',
  dependency: 'a dependency came to nothing',
};

function attention(task: TaskRecord, whyQueued: string | null, admission: Admission): string | null {
  const { lifecycle, activity, landing, completion } = task;
  if (task.closing !== null && lifecycle.state !== 'closed')
    return 'closing: its processes are not confirmed to be gone yet';
  if (lifecycle.state === 'queued') return admission.state === 'held' ? `held: ${admission.reason}` : whyQueued;
  const ended = lifecycle.state === 'ended' ? endInWords(task, lifecycle.end) : null;
  if (ended !== null) return ended;
  if (openQuestions(task).length > 0) return 'the agent asks a question: answer_question answers it';
  if (activity.state === 'waiting_input') {
    return activity.question?.id === undefined
      ? 'the agent waits for an answer: send_prompt gives it'
      : 'a dialog of the agent waits for an answer: answer_dialog gives it';
  }
  if (wasInterrupted(task)) return 'its agent died and was started again: a prompt tells it to go on';
  if (task.prompts.some(({ state }) => state === 'undelivered'))
    return 'a prompt could not be delivered; its receipt has the screen';
  if (landing.state === 'conflicted') return `its commit conflicts with ${landing.target}`;
  if (completion.state === 'refused') return `its signal was refused: ${completion.reason}`;
  return null;
}

/** Whether the agent died over a prompt that it had taken: it knows of it, and does nothing by itself. */
function wasInterrupted(task: TaskRecord): boolean {
  const last = task.resumes.findLast(({ attempt }) => attempt === task.attempt);
  if (last === undefined || signalIsCurrent(task) || outstandingPrompts(task).length > 0) return false;
  return !task.prompts.some(({ state, at }) => state === 'accepted' && at > last.at);
}

/** Once the task has said its last word, what becomes of its agent concerns nobody. */
function endInWords(task: TaskRecord, end: End): string | null {
  if (end.kind === 'exited' || end.kind === 'cancelled' || signalIsCurrent(task)) return null;
  return `${UNWANTED[end.kind]}: ${end.reason}`;
}

/** A long result is left out of what is shown with a task: clients cut long answers. */
function shown(completion: Completion): Completion {
  if (completion.state !== 'signalled' || completion.signal.resultBytes <= SHOWN_RESULT_BYTES) return completion;
  return { ...completion, signal: { ...completion.signal, result: null } };
}

/**
 * The task as callers see it. `whyQueued` is what keeps admitted tasks waiting, null where nothing does; `admission` is what
 * holds it, as it is now.
 */
export function viewOf(
  task: TaskRecord,
  whyQueued: string | null,
  admission: Admission = admissionView(task, null),
): Task {
  const {
    eventSeq: _eventSeq,
    publish: _publish,
    lastPublish: _last,
    kept: _kept,
    promptsTotal: _total,
    inputs: _inputs,
    inputsTotal: _inputsTotal,
    sideNotices: _notices,
    ...rest
  } = task;
  return {
    ...rest,
    admission,
    completion: shown(task.completion),
    prompts: task.prompts.map((prompt) => receiptOf(task, prompt)),
    questions: openQuestions(task),
    reports: task.reports
      .slice(-SHOWN_REPORTS)
      .map((report) => ({ ...report, text: report.text.slice(0, SHOWN_REPORT_CHARACTERS).toWellFormed() })),
    settled: isSettled(task),
    attention: attention(task, whyQueued, admission),
  };
}
