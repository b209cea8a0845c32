import {
  type AskedQuestion,
  type InputOf,
  type OPERATIONS,
  type OutputOf,
  RoundhouseError,
  type TaskRecord,
} from '@roundhouse/contracts';
import { sameQuestion } from '../domain/questions.ts';
import { isPerson, ownTask } from './access.ts';
import { idFor } from './create-task.ts';
import type { Caller, Deps } from './deps.ts';
import { readTask, transition } from './transition.ts';
import { watch } from './watch.ts';

type Ops = typeof OPERATIONS;
type Asked = OutputOf<Ops['askQuestion']>;

/** The attempt that speaks; what it says is fenced by it. */
function attemptOf({ identity }: Caller): number {
  if (identity.role !== 'subtask') throw new RoundhouseError('forbidden', 'only a sub-task has this voice');
  return identity.attempt;
}

/** Puts the question, or joins the one that was put already, and waits for its answer. */
export async function askQuestion(deps: Deps, caller: Caller, input: InputOf<Ops['askQuestion']>): Promise<Asked> {
  const attempt = attemptOf(caller);
  const { id, question: text, options } = input;
  const before = await ownTask(deps, caller, id);
  const questionId = input.requestId ?? sameQuestion(before, text, options)?.id ?? deps.clock.nextId();
  const asked = await transition(deps, id, { type: 'question_asked', attempt, questionId, text, options });
  // Another call may have put the very same question at the same moment.
  const question = find(asked, questionId) ?? sameQuestion(asked, text, options);
  if (question === undefined) throw new Error(`question ${questionId} was neither put nor found`);
  const answered = await watch(
    { subscribe: (listener) => deps.feed.onTask(id, listener), timeoutMs: input.timeoutMs, signal: caller.signal },
    async () => answerIn(await readTask(deps, id), question.id),
  );
  const next = `Nobody has answered yet. Call ask again with the same question and requestId ${question.id}.`;
  return answered ?? { outcome: 'open', requestId: question.id, answer: null, by: null, next };
}

const find = ({ questions }: TaskRecord, questionId: string): AskedQuestion | undefined =>
  questions.find(({ id }) => id === questionId);

function answerIn(task: TaskRecord, questionId: string): Asked | null {
  const outcome = find(task, questionId)?.outcome;
  if (outcome === undefined || outcome.state === 'over')
    throw new RoundhouseError('question_over', 'the attempt that asked has ended');
  if (outcome.state === 'open') return null;
  const { text, by } = outcome;
  return { outcome: 'answered', requestId: questionId, answer: text, by, next: 'Go on with this answer.' };
}

export async function answerQuestion(
  deps: Deps,
  caller: Caller,
  { id, questionId, answer, requestId }: InputOf<Ops['answerQuestion']>,
): Promise<AskedQuestion> {
  await ownTask(deps, caller, id);
  const task = await transition(deps, id, {
    type: 'question_answered',
    questionId,
    answerId: requestId ?? idFor(deps, caller, `answer to ${questionId}`),
    text: answer,
    by: isPerson(caller) ? 'human' : 'coordinator',
  });
  const question = find(task, questionId);
  if (question === undefined) throw new Error(`question ${questionId} was answered and is gone`);
  return question;
}

export async function makeReport(
  deps: Deps,
  caller: Caller,
  { id, kind, text, requestId }: InputOf<Ops['makeReport']>,
): Promise<OutputOf<Ops['makeReport']>> {
  const attempt = attemptOf(caller);
  await ownTask(deps, caller, id);
  const reportId = requestId ?? deps.clock.nextId();
  const { reports } = await transition(deps, id, { type: 'report_made', attempt, reportId, kind, text });
  const report = reports.find((one) => one.id === reportId);
  if (report === undefined) throw new Error(`report ${reportId} was made and is gone`);
  return { id: reportId, at: report.at, next: 'It is told. Go on with what you can; ask waits for an answer.' };
}

export async function readReports(
  deps: Deps,
  caller: Caller,
  { id, limit }: InputOf<Ops['readReports']>,
): Promise<OutputOf<Ops['readReports']>> {
  const { reports } = await ownTask(deps, caller, id);
  return { reports: reports.toReversed().slice(0, limit), kept: reports.length };
}
