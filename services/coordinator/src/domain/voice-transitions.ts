import { type AskedQuestion, KEPT_REPORTS, MAX_OPEN_QUESTIONS, type TaskRecord } from '@roundhouse/contracts';
import { UNCHANGED, changed } from './change.ts';
import type { TransitionHandler } from './decision.ts';
import type { EventType } from './events.ts';
import { dropBeside, raiseBeside } from './notices.ts';
import { isOpen, openQuestions, remembered, sameQuestion } from './questions.ts';

type VoiceEvents = Extract<EventType, 'question_asked' | 'question_answered' | 'report_made'>;

export const VOICE_HANDLERS: { readonly [T in VoiceEvents]: TransitionHandler<T> } = {
  question_asked: (task, { questionId, text, options, attempt }, circumstances) => {
    if (task.questions.some(({ id }) => id === questionId) || sameQuestion(task, text, options)) return UNCHANGED;
    if (openQuestions(task).length >= MAX_OPEN_QUESTIONS)
      return { kind: 'refused', code: 'questions_full', message: `${MAX_OPEN_QUESTIONS} questions are open already` };
    const asked = { id: questionId, attempt, text, options: [...options], at: circumstances.now };
    const questions = remembered([...task.questions, { ...asked, outcome: { state: 'open' } }]);
    return changed(raiseBeside({ ...task, questions }, 'question', { question: asked }, circumstances), [
      'question',
      'notice',
    ]);
  },

  question_answered: (task, { questionId, answerId, text, by }, { now }) => {
    const question = task.questions.find(({ id }) => id === questionId);
    if (question === undefined)
      return { kind: 'refused', code: 'question_not_found', message: `the task has no question ${questionId}` };
    const { outcome } = question;
    if (outcome.state === 'over')
      return { kind: 'refused', code: 'question_over', message: 'the attempt that asked has ended' };
    if (outcome.state === 'answered') {
      if (outcome.answerId === answerId) return UNCHANGED;
      const details = { answer: outcome.text, by: outcome.by };
      return { kind: 'refused', code: 'question_answered', message: 'the question has its answer', details };
    }
    const answered: AskedQuestion = { ...question, outcome: { state: 'answered', text, by, answerId, at: now } };
    const questions = remembered(task.questions.map((other) => (other === question ? answered : other)));
    // Who answers has heard of it.
    return changed(
      dropBeside({ ...task, questions }, (notice) => notice.question?.id === questionId),
      ['question', 'notice'],
    );
  },

  report_made: (task, { reportId, kind, text, attempt }, circumstances) => {
    if (task.reports.some(({ id }) => id === reportId)) return UNCHANGED;
    const report = { id: reportId, attempt, kind, text, at: circumstances.now };
    const kept: TaskRecord = { ...task, reports: [...task.reports, report].slice(-KEPT_REPORTS) };
    if (kind === 'partial') return changed(kept, ['report']);
    return changed(raiseBeside(kept, 'report', { report }, circumstances), ['report', 'notice']);
  },
};

/** Nobody waits for the answers any more. */
export function questionsOver(task: TaskRecord, at: string): TaskRecord {
  if (openQuestions(task).length === 0) return task;
  const questions = task.questions.map((question) =>
    isOpen(question) ? { ...question, outcome: { state: 'over' as const, at } } : question,
  );
  return dropBeside({ ...task, questions }, ({ kind }) => kind === 'question');
}
