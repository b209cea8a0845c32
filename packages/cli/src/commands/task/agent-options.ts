import { AgentKind, AgentSpec, DialogPolicy, InstructionsFile, PermissionMode } from '@roundhouse/contracts';
import { type Command, Option } from 'commander';
import { EXIT, Failure } from '../../failure.ts';
import { duration } from '../duration.ts';

export interface AgentOptions {
  readonly agent?: AgentSpec['kind'];
  readonly promptVia: Extract<AgentSpec, { kind: 'command' }>['promptVia'];
  readonly instructionsFile?: InstructionsFile;
  readonly model?: string;
  readonly permissions?: PermissionMode;
  readonly dialogs?: DialogPolicy;
  readonly dialogTimeout?: number;
}

/** Which agent is started, and the words of a command line for one that is just a program. */
export const withAgent = (command: Command): Command =>
  command
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
    .option('--dialog-timeout <duration>', 'refuse a permission that nobody answered for so long, e.g. 15m', duration);

/** The agent that options and a command line name; undefined: the project's. @throws Failure where they do not go together */
export function agentOf(argv: readonly string[], options: AgentOptions): AgentSpec | undefined {
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
  const { dialogTimeout: dialogTimeoutSeconds } = options;
  const own = Object.fromEntries(
    Object.entries({ model, permissionMode, dialogs, dialogTimeoutSeconds }).filter(([, value]) => value !== undefined),
  );
  if (Object.keys(own).length > 0 && (agent === undefined || agent === 'scripted')) {
    throw new Failure(
      '--model, --permissions, --dialogs and --dialog-timeout are for coding agents: name one with --agent',
      {
        exitCode: EXIT.usage,
      },
    );
  }
  return agent === undefined ? undefined : AgentSpec.parse({ kind: agent, ...own });
}
