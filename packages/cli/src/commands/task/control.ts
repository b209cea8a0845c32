import { NAMED_KEYS } from '@roundhouse/contracts';
import { type Command, InvalidArgumentError } from 'commander';
import type { Context } from '../../context.ts';
import { EXIT, Failure } from '../../failure.ts';
import { duration } from '../duration.ts';
import { openTask, taskCommandOf, type TaskOptions } from './task-options.ts';

const DEFAULT_HOLD = 600;

/** `roundhouse task take|type|return`: what a person does at the keyboard of a task. */
export function controlCommands(context: Context): Command[] {
  const { output } = context;
  const take = taskCommandOf('take', context)
    .summary('take its keyboard, or keep it for longer; prompts are held meanwhile')
    .option('--for <duration>', 'how long, such as 15m; it goes back by itself then', duration, DEFAULT_HOLD)
    .option('--force', 'take it from another person who holds it', false)
    .action(async (named: string, options: TaskOptions & { for: number; force: boolean }) => {
      const { client, id } = await openTask(context, named, options);
      const hold = { id, holder: 'human', forMs: options.for * 1_000, force: options.force } as const;
      const task = await client.call('setControl', hold);
      if (options.json) return output.json(task);
      const until = task.control.holder === 'human' ? task.control.until : '';
      output.line(`the keyboard is yours until ${until}; "roundhouse task return" hands it back earlier`);
    });

  const type = taskCommandOf('type', context)
    .summary('type into its terminal; take it first')
    .argument('[text]', 'what to type, as it is')
    .option('--key <name...>', 'keys to press after it: enter, ctrl-c, up, esc, …', keyOf, [])
    .action(async (named: string, text: string | undefined, options: TaskOptions & { key: string[] }) => {
      const typed = (text ?? '') + options.key.join('');
      if (typed === '')
        throw new Failure('there is nothing to type', { hint: 'Give a text, or --key.', exitCode: EXIT.usage });
      const { client, id } = await openTask(context, named, options);
      const answer = await client.call('typeInput', { id, text: typed });
      if (options.json) output.json(answer);
      else output.line(`typing ${answer.bytes} bytes`);
    });

  const back = taskCommandOf('return', context)
    .summary('hand its keyboard back; what was held is delivered')
    .option('--force', 'end the hold of another person', false)
    .action(async (named: string, options: TaskOptions & { force: boolean }) => {
      const { client, id } = await openTask(context, named, options);
      const task = await client.call('setControl', { id, holder: 'coordinator', force: options.force });
      if (options.json) output.json(task);
      else output.line('the keyboard is the coordinator’s again');
    });

  return [take, type, back];
}

function keyOf(name: string, before: readonly string[]): string[] {
  const raw = NAMED_KEYS.get(name.toLowerCase());
  if (raw === undefined)
    throw new InvalidArgumentError(`It must be one of ${[...NAMED_KEYS.keys()].slice(0, 16).join(', ')}, ctrl-b, ….`);
  return [...before, raw];
}
