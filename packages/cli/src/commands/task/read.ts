import { Command, InvalidArgumentError } from 'commander';
import { connectAsCoordinator, withConnection } from '../../connect.ts';
import type { Context } from '../../context.ts';
import { oneLine, printable, table } from '../../output.ts';
import { openTask, taskCommandOf, type TaskOptions, withCoordinator } from './task-options.ts';
import { TASK_HEAD, taskRow, taskWords } from './task-words.ts';

/** `roundhouse task ls|show|diff|output`: what only reads. */
export function readCommands(context: Context): Command[] {
  const { output } = context;
  const list = withCoordinator(withConnection(new Command('ls'), context))
    .summary('list the tasks, newest first')
    .option('--limit <n>', 'how many', limit, 50)
    .action(async (options: TaskOptions & { limit: number }) => {
      const answer = await (await connectAsCoordinator(context, options)).call('listTasks', { limit: options.limit });
      if (options.json) return output.json(answer);
      output.line(
        table([TASK_HEAD.map(output.colour.dim), ...answer.tasks.map((task) => taskRow(task, output))], output.columns),
      );
      output.note(
        output.colour.dim(
          `${answer.remaining} not settled${answer.nextCursor === null ? '' : ', and there are older ones'}`,
        ),
      );
    });

  const show = taskCommandOf('show', context)
    .summary('show one task')
    .action(async (named: string, options: TaskOptions) => {
      const { client, id } = await openTask(context, named, options);
      const task = await client.call('getTask', { id });
      if (options.json) output.json(task);
      else output.line(taskWords(task, output));
    });

  const diff = taskCommandOf('diff', context)
    .summary('show what its last pushed commit changes')
    .action(async (named: string, options: TaskOptions) => {
      const { client, id } = await openTask(context, named, options);
      let page = await client.call('readDiff', { id });
      const { commit, base, files, filesTotal } = page;
      let text = page.text;
      for (; page.nextCursor !== null; text += page.text)
        page = await client.call('readDiff', { id, cursor: page.nextCursor });
      if (options.json) return output.json({ commit, base, files, filesTotal, text });
      for (const file of files) output.note(`${oneLine(file.path)}  +${file.added ?? '-'} -${file.removed ?? '-'}`);
      output.raw(printable(text));
    });

  const terminal = taskCommandOf('output', context)
    .summary('show what its terminal printed')
    .option('--tail', 'the last page only', false)
    .option('--screen', 'what its screen shows now, without what scrolled off it', false)
    .option('--raw', 'what was printed, with its escape sequences: they act on your terminal', false)
    .action(async (named: string, options: TaskOptions & { tail: boolean; screen: boolean; raw: boolean }) => {
      const { client, id } = await openTask(context, named, options);
      const { raw, screen, tail } = options;
      const form = raw ? 'raw' : screen ? 'screen' : 'text';
      let page = await client.call('readOutput', { id, form, tail });
      let { text } = page;
      while (page.more) {
        page = await client.call('readOutput', { id, form, cursor: page.nextCursor });
        text += page.text;
      }
      const { attempt, skippedBytes, droppedLines } = page;
      if (options.json) return output.json({ attempt, form, skippedBytes, droppedLines, text });
      output.raw(raw ? text : printable(text));
      if (skippedBytes > 0) output.note(output.colour.dim(`${skippedBytes} bytes were not recorded`));
      if (droppedLines > 0) output.note(output.colour.dim(`${droppedLines} lines above are not shown`));
    });
  return [list, show, diff, terminal];
}

function limit(text: string): number {
  if (!/^\d{1,3}$/.test(text) || Number(text) < 1 || Number(text) > 100)
    throw new InvalidArgumentError('It must be a whole number from 1 to 100.');
  return Number(text);
}
