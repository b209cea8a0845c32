import type { ApiClient, PromptReceipt } from '@roundhouse/contracts';
import type { Command } from 'commander';
import type { Context } from '../../context.ts';
import { EXIT, Failure } from '../../failure.ts';
import { table } from '../../output.ts';
import { promptTextOf, type PromptOptions, withPrompt } from './prompt-text.ts';
import { openTask, taskCommandOf, type TaskOptions } from './task-options.ts';

const WHICH = 'its number as "task prompts" shows it, or its id';

/** `roundhouse task prompt|prompts|edit|withdraw`: what an agent is told, and taking back what it was not told yet. */
export function promptCommands(context: Context): Command[] {
  const { output } = context;
  const say = (receipt: PromptReceipt, options: TaskOptions): void => {
    if (options.json) output.json(receipt);
    else output.line(`prompt ${receipt.ordinal}: ${stateOf(receipt)}, ${receipt.bytes} bytes`);
  };

  const prompt = withPrompt(taskCommandOf('prompt', context))
    .summary('tell its agent something more')
    .action(async (named: string, options: TaskOptions & PromptOptions) => {
      const text = await promptTextOf(options, context.cwd);
      const { client, id } = await openTask(context, named, options);
      say(await client.call('promptTask', { id, prompt: text }), options);
    });

  const prompts = taskCommandOf('prompts', context)
    .summary('list its prompts and what became of each')
    .action(async (named: string, options: TaskOptions) => {
      const { client, id } = await openTask(context, named, options);
      const task = await client.call('getTask', { id });
      if (options.json) return output.json(task.prompts);
      const rows = task.prompts.map((one) => [String(one.ordinal), stateOf(one), `${one.bytes} bytes`, one.id]);
      output.line(table([['NO', 'STATE', 'SIZE', 'ID'].map(output.colour.dim), ...rows], output.columns));
    });

  const edit = withPrompt(taskCommandOf('edit', context).argument('<prompt>', WHICH))
    .summary('put another text in the place of a prompt that its agent has not been given')
    .action(async (named: string, which: string, options: TaskOptions & PromptOptions) => {
      const text = await promptTextOf(options, context.cwd);
      const { client, id } = await openTask(context, named, options);
      const promptId = await promptIdOf(client, id, which);
      say(await client.call('editPrompt', { id, promptId, prompt: text }), options);
    });

  const withdraw = taskCommandOf('withdraw', context)
    .argument('<prompt>', WHICH)
    .summary('take back a prompt that its agent has not been given')
    .action(async (named: string, which: string, options: TaskOptions) => {
      const { client, id } = await openTask(context, named, options);
      const promptId = await promptIdOf(client, id, which);
      say(await client.call('withdrawPrompt', { id, promptId }), options);
    });
  return [prompt, prompts, edit, withdraw];
}

const stateOf = ({ state, held }: PromptReceipt): string => (held ? 'held' : state);

async function promptIdOf(client: ApiClient, id: string, which: string): Promise<string> {
  const { prompts } = await client.call('getTask', { id });
  const found = prompts.find((one) => String(one.ordinal) === which || one.id === which);
  if (found !== undefined) return found.id;
  throw new Failure(`the task has no prompt ${which}`, {
    hint: 'See which there are with "roundhouse task prompts".',
    exitCode: EXIT.notFound,
  });
}
