import { text } from 'node:stream/consumers';
import { AgentKind, type AgentSpec } from '@roundhouse/contracts';
import { Command, Option } from 'commander';
import { connectAsCoordinator, withConnection } from '../../connect.ts';
import type { Context } from '../../context.ts';
import { oneLine } from '../../output.ts';
import { duration } from '../duration.ts';
import { type LimitOptions, limitsOf, withLimits } from '../limit-options.ts';
import { awaitEnd } from '../task/await-end.ts';
import { agentOf } from '../task/run.ts';
import { type TaskOptions, withCoordinator } from '../task/task-options.ts';
import { taskWords } from '../task/task-words.ts';

const MAX_NAME = 60;

interface RunOptions extends TaskOptions, LimitOptions {
  readonly agent?: AgentKind;
  readonly promptVia: Extract<AgentSpec, { kind: 'command' }>['promptVia'];
  readonly name?: string;
  readonly base?: string;
  readonly project?: string;
  readonly wait: boolean;
  readonly waitTimeout?: number;
}

const EXAMPLE = `
Example:
  roundhouse coordinator run "work through TODO.md" --wait`;

/** `roundhouse coordinator run` */
export const runCoordinatorCommand = (context: Context): Command =>
  withLimits(withCoordinator(withConnection(new Command('run'), context)), 'the project’s')
    .summary('run an agent that is a coordinator itself: it creates, reviews and lands sub-tasks')
    .argument('<prompt>', 'what to tell it, or "-" for standard input')
    .argument('[argv...]', 'with --agent command, after "--": the program and its arguments')
    .addOption(new Option('--agent <kind>', 'the agent (default: the project’s)').choices(AgentKind.options))
    .addOption(
      new Option('--prompt-via <way>', 'how a command gets its prompt')
        .choices(['file', 'argument', 'paste'])
        .default('file'),
    )
    .option('--name <name>', 'what to call it (default: the first line of the prompt)')
    .option('--base <branch>', 'the branch to start from and to land on (default: the project’s)')
    .option('--project <id>', 'the project (default: the coordinator’s)')
    .option('--wait', 'wait until it has signalled or ended', false)
    .option('--wait-timeout <duration>', 'with --wait: stop waiting after this long, with exit code 7', duration)
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
        ...(options.base === undefined ? {} : { baseBranch: options.base }),
        ...(options.project === undefined ? {} : { projectId: options.project }),
        ...limitsOf(options),
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
      const ended = await awaitEnd(
        client,
        task.id,
        options.waitTimeout === undefined ? null : options.waitTimeout * 1_000,
        output.note,
      );
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
