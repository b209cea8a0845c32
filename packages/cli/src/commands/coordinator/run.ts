import { text } from 'node:stream/consumers';
import { Command } from 'commander';
import { connectAsCoordinator, withConnection } from '../../connect.ts';
import type { Context } from '../../context.ts';
import { oneLine } from '../../output.ts';
import { type AgentOptions, agentOf, withAgent } from '../task/agent-options.ts';
import { awaitStarted, type StartOptions, startOf, withStart } from '../task/start-options.ts';
import { type TaskOptions, withCoordinator } from '../task/task-options.ts';
import { taskWords } from '../task/task-words.ts';

const MAX_NAME = 60;

interface RunOptions extends TaskOptions, AgentOptions, StartOptions {
  readonly name?: string;
}

const EXAMPLE = `
Example:
  roundhouse coordinator run "work through TODO.md" --wait`;

const prompted = (context: Context): Command =>
  withCoordinator(withConnection(new Command('run'), context)).argument(
    '<prompt>',
    'what to tell it, or "-" for standard input',
  );

/** `roundhouse coordinator run` */
export const runCoordinatorCommand = (context: Context): Command =>
  withStart(withAgent(prompted(context)))
    .summary('run an agent that is a coordinator itself: it creates, reviews and lands sub-tasks')
    .option('--name <name>', 'what to call it (default: the first line of the prompt)')
    .addHelpText('after', EXAMPLE)
    .action(async (given: string, argv: string[], options: RunOptions) => {
      const { output } = context;
      const prompt = given === '-' ? await text(process.stdin) : given;
      const agent = agentOf(argv, options);
      const client = await connectAsCoordinator(context, options);
      const created = await client.call('runCoordinator', {
        name: options.name ?? nameFrom(prompt),
        prompt,
        ...(agent === undefined ? {} : { agent }),
        ...startOf(options),
      });
      const { coordinator, task } = created;
      if (!options.wait) {
        if (options.json) return output.json(created);
        output.line(`coordinator  ${coordinator.id}`);
        output.line(`task         ${task.id}  ${task.branch}`);
        output.note(`See its sub-tasks with "roundhouse task ls --coordinator ${coordinator.id}".`);
        return;
      }
      output.note(`${task.id} runs on ${task.branch}, as the coordinator ${coordinator.id}`);
      const ended = await awaitStarted(client, task.id, options, context);
      if (options.json) output.json({ coordinator, task: ended });
      else output.line(taskWords(ended, output));
    });

/** The first line that says something, cut to the length of a name. */
function nameFrom(prompt: string): string {
  const first =
    prompt
      .split('\n')
      .map(oneLine)
      .find((line) => line !== '') ?? 'coordinator';
  return [...first].slice(0, MAX_NAME).join('').trim();
}
