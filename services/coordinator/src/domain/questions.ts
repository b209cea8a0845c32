import { type AskedQuestion, KEPT_QUESTIONS, type TaskRecord } from '@roundhouse/contracts';

export const isOpen = ({ outcome }: AskedQuestion): boolean => outcome.state === 'open';

export const openQuestions = ({ questions }: TaskRecord): AskedQuestion[] => questions.filter(isOpen);

/** The open question that says the same: who asks again without a requestId means that one. */
export const sameQuestion = (task: TaskRecord, text: string, options: readonly string[]): AskedQuestion | undefined =>
  openQuestions(task).find((open) => open.text === text && open.options.join('\n') === options.join('\n'));

/** All that are open and the last of the others. */
export function remembered(questions: readonly AskedQuestion[]): AskedQuestion[] {
  const closed = questions.filter((question) => !isOpen(question)).slice(-KEPT_QUESTIONS);
  return questions.filter((question) => isOpen(question) || closed.includes(question));
}
