import type { Question, Task } from '@roundhouse/contracts';
import { type Command, InvalidArgumentError } from 'commander';
import type { Context } from '../../context.ts';
import { EXIT, Failure } from '../../failure.ts';
import { oneLine, printable, table } from '../../output.ts';
import { openTask, taskCommandOf, type TaskOptions } from './task-options.ts';

interface AnswerOptions extends TaskOptions {
  readonly question?: string;
  readonly dialog: boolean;
  readonly text?: string;
}

type Dialog = Question & { readonly id: string };

/** `roundhouse task answer|reports`: what a sub-task has to say besides done. */
export function voiceCommands(context: Context): Command[] {
  const { output } = context;
  const answer = taskCommandOf('answer', context)
    .summary('answer what its agent or its terminal asks; without a text show that')
    .argument('[text]', 'the answer; of a dialog of the terminal the number of an option, or its words')
    .option('--question <id>', 'which question; the oldest that is open by default')
    .option('--dialog', 'the dialog of the terminal, where the agent asks something too', false)
    .option('--text <words>', 'what to say with the option of a dialog, where that takes words (marked …)')
    .action(async (named: string, text: string | undefined, options: AnswerOptions) => {
      const { client, id } = await openTask(context, named, options);
      const task = await client.call('getTask', { id });
      const dialog = dialogOf(task);
      if (text === undefined) {
        if (options.json) return output.json({ questions: task.questions, dialog });
        for (const one of task.questions)
          output.line(`${one.id}  ${[one.text, ...one.options].map((words) => oneLine(words)).join(' | ')}`);
        if (dialog !== null) output.line(dialogWords(dialog));
        if (task.questions.length === 0 && dialog === null) output.note('it asks nothing');
        return;
      }
      const isDialog = options.question === undefined && (options.dialog || task.questions.length === 0);
      if (isDialog && dialog !== null) {
        const option = optionOf(dialog, text);
        const words = options.text === undefined ? {} : { text: options.text };
        const answered = await client.call('answerDialog', { id, dialogId: dialog.id, option, ...words });
        if (options.json) output.json(answered);
        else output.line(`answered: ${oneLine(answered.label)}`);
        return;
      }
      if (options.text !== undefined)
        throw new Failure('--text goes with an option of a dialog', {
          hint: 'The answer to a question of the agent is the words themselves.',
          exitCode: EXIT.usage,
        });
      const questionId = isDialog ? undefined : (options.question ?? task.questions[0]?.id);
      if (questionId === undefined) throw new Failure('it asks nothing', { exitCode: EXIT.notFound });
      const answered = await client.call('answerQuestion', { id, questionId, answer: text });
      if (options.json) output.json(answered);
      else output.line('answered');
    });

  const reports = taskCommandOf('reports', context)
    .summary('show what its agent reported besides done, the last first')
    .option('--limit <n>', 'how many at most, 1 to 20', reportLimit, 5)
    .action(async (named: string, options: TaskOptions & { limit: number }) => {
      const { client, id } = await openTask(context, named, options);
      const answered = await client.call('readReports', { id, limit: options.limit });
      if (options.json) return output.json(answered);
      for (const { at, kind, text } of answered.reports)
        output.line(`${output.colour.dim(at)}  ${kind.replaceAll('_', ' ')}\n${printable(text)}\n`);
      if (answered.reports.length === 0) output.note('it reported nothing');
      else if (answered.kept > answered.reports.length) output.note(`${answered.kept} are kept; see --limit`);
    });
  return [answer, reports];
}

/** What the terminal shows and a call can answer. */
function dialogOf({ activity: { state, question } }: Task): Dialog | null {
  return state === 'waiting_input' && question?.id !== undefined ? { ...question, id: question.id } : null;
}

const dialogWords = ({ text, options, selected, textOptions = [] }: Dialog): string =>
  `${printable(text)}\n${table(
    options.map((option, index) => [
      `${index === selected ? '>' : ' '} ${index + 1}`,
      `${oneLine(option)}${textOptions.includes(index) ? ' …' : ''}`,
    ]),
    null,
  )}`;

/** The option that is meant: by its number, from 1 as it is shown, or by the beginning of its words where that is one. */
function optionOf({ options }: Dialog, text: string): number {
  const number = /^\d{1,2}$/.test(text) ? Number(text) - 1 : -1;
  if (number >= 0 && number < options.length) return number;
  const wanted = text.trim().toLowerCase();
  const exact = options.findIndex((option) => option.trim().toLowerCase() === wanted);
  if (exact !== -1) return exact;
  const begun = options.flatMap((option, index) => (option.trim().toLowerCase().startsWith(wanted) ? [index] : []));
  const [only] = begun;
  if (only !== undefined && begun.length === 1) return only;
  throw new Failure(begun.length > 1 ? 'more than one option begins so' : 'the dialog has no such option', {
    hint: `Give the number of one: ${options.map((option, index) => `${index + 1} ${oneLine(option)}`).join(', ')}.`,
    exitCode: EXIT.usage,
  });
}

function reportLimit(text: string): number {
  const limit = /^\d{1,2}$/.test(text) ? Number(text) : 0;
  if (limit >= 1 && limit <= 20) return limit;
  throw new InvalidArgumentError('It must be a whole number from 1 to 20.');
}
