import { AgentKind, AgentSpec, DialogPolicy, InstructionsFile, PermissionMode } from '@roundhouse/contracts';
import { Command, Option } from 'commander';
import { connectAsCoordinator, withConnection } from '../../connect.ts';
import type { Context } from '../../context.ts';
import { EXIT, Failure } from '../../failure.ts';
import { oneLine } from '../../output.ts';
import { duration } from '../duration.ts';
import { type LimitOptions, limitsOf, withLimits } from '../limit-options.ts';
import { type AdmissionOptions, admissionOf, withAdmission } from './admission-options.ts';
import { awaitEnd } from './await-end.ts';
import { promptTextOf, type PromptOptions, withPrompt } from './prompt-text.ts';
import { type TaskOptions, withCoordinator } from './task-options.ts';
import { taskWords } from './task-words.ts';

interface RunOptions extends TaskOptions, PromptOptions, LimitOptions, AdmissionOptions {
  readonly agent?: AgentSpec['kind'];
  readonly promptVia: Extract<AgentSpec, { kind: 'command' }>['promptVia'];
  readonly instructionsFile?: InstructionsFile;
  readonly model?: string;
  readonly permissions?: PermissionMode;
  readonly dialogs?: DialogPolicy;
  readonly base?: string;
  readonly project?: string;
  readonly wait: boolean;
  readonly waitTimeout?: number;
}

const EXAMPLES = `
Examples:
  roundhouse task run "fix the parser" --prompt-file prompt.md
  roundhouse task run "tests" --prompt "run them" --agent command --wait -- npm test
  roundhouse task run "on top" --prompt-file p.md --depends-on 3f2a --priority 9
  roundhouse task run "port it" --prompt-file p.md --image debian:bookworm-slim --memory 2048 --timeout 30m
  roundhouse task run "port it" --prompt-file p.md --agent claude --permissions ask
  echo "@print hello" | roundhouse task run hello --agent scripted --prompt-file -`;

/** `roundhouse task run` */
export const runCommand = (context: Context): Command =>
  withAdmission(withLimits(withPrompt(withCoordinator(withConnection(new Command('run'), context))), 'the project’s'))
    .summary('create a task: an agent with a prompt in a worktree of its own')
    .argument('<name>', 'what the task is called')
    .argument('[argv...]', 'with --agent command, after "--": the program and its arguments')
    .addOption(new Option('--agent <kind>', 'the agent (default: the project’s)').choices(AgentKind.options))
    .addOption(
      new Option('--prompt-via <way>', 'how a command gets its prompt')
        .choices(['file', 'argument', 'paste'])
        .default('file'),
    )
    .addOption(
      new Option(
        '--instructions-file <name>',
        'the file of the tree that a command reads instructions from; git sees nothing of what it is given there',
      ).choices(InstructionsFile.options),
    )
    .option('--model <name>', 'the model of a coding agent (default: its own)')
    .addOption(
      new Option('--permissions <mode>', 'what a coding agent may do without asking').choices(PermissionMode.options),
    )
    .addOption(
      new Option('--dialogs <policy>', 'what is done with its permission dialogs (default: ask)').choices(
        DialogPolicy.options,
      ),
    )
    .option('--base <branch>', 'the branch to start from and to land on (default: the project’s)')
    .option('--project <id>', 'the project (default: the coordinator’s)')
    .option('--wait', 'wait until it has signalled or ended', false)
    .option('--wait-timeout <duration>', 'with --wait: stop waiting after this long, with exit code 7', duration)
    .addHelpText('after', EXAMPLES)
    .action(async (name: string, argv: string[], options: RunOptions) => {
      const { output } = context;
      const prompt = await promptTextOf(options, context.cwd);
      const agent = agentOf(argv, options);
      const client = await connectAsCoordinator(context, options);
      const created = await client.call('createTask', {
        name,
        prompt,
        ...(agent === undefined ? {} : { agent }),
        ...(options.base === undefined ? {} : { baseBranch: options.base }),
        ...(options.project === undefined ? {} : { projectId: options.project }),
        ...limitsOf(options),
        ...(await admissionOf(client, context.cwd, options)),
      });
      if (!options.wait) {
        if (options.json) output.json(created);
        else output.line(`${created.id}  ${created.branch}`);
        if (created.admission.state === 'held') output.note(`held: ${oneLine(created.admission.reason)}`);
        return;
      }
      output.note(`${created.id} runs on ${created.branch}`);
      const task = await awaitEnd(
        client,
        created.id,
        options.waitTimeout === undefined ? null : options.waitTimeout * 1_000,
        output.note,
      );
      if (options.json) output.json(task);
      else output.line(taskWords(task, output));
    });

/** The agent that options and a command line name; undefined: the project's. @throws Failure where they do not go together */
export function agentOf(
  argv: readonly string[],
  options: Pick<RunOptions, 'agent' | 'promptVia' | 'instructionsFile' | 'model' | 'permissions' | 'dialogs'>,
): AgentSpec | undefined {
  const { agent, promptVia, instructionsFile, model, permissions: permissionMode, dialogs } = options;
  if (agent === 'command' || (agent === undefined && argv.length > 0)) {
    const told = instructionsFile === undefined ? {} : { instructionsFile };
    if (argv.length > 0) return { kind: 'command', argv: [...argv], promptVia, ...told };
    throw new Failure('--agent command needs a command line', {
      hint: 'Put it after "--": roundhouse task run NAME --agent command -- PROGRAM ARGS',
      exitCode: EXIT.usage,
    });
  }
  if (argv.length > 0) throw new Failure('only --agent command takes a command line', { exitCode: EXIT.usage });
  const own = Object.fromEntries(
    Object.entries({ model, permissionMode, dialogs }).filter(([, value]) => value !== undefined),
  );
  if (Object.keys(own).length > 0 && (agent === undefined || agent === 'scripted')) {
    throw new Failure('--model, --permissions and --dialogs are for coding agents: name one with --agent', {
      exitCode: EXIT.usage,
    });
  }
  return agent === undefined ? undefined : AgentSpec.parse({ kind: agent, ...own });
}
