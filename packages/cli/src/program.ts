import { Command } from 'commander';
import { auditCommand } from './commands/audit.ts';
import { breakerCommand } from './commands/breaker.ts';
import { coordinatorCommand } from './commands/coordinator.ts';
import { demoCommand } from './commands/demo.ts';
import { doctorCommand } from './commands/doctor.ts';
import { eventsCommand } from './commands/events.ts';
import { launcherCommand } from './commands/launcher.ts';
import { mcpCommand } from './commands/mcp.ts';
import { notificationsCommand } from './commands/notifications.ts';
import { projectCommand } from './commands/project.ts';
import { runCommand } from './commands/run.ts';
import { taskCommand } from './commands/task.ts';
import { tokenCommand } from './commands/token.ts';
import { upCommand } from './commands/up.ts';
import type { Context } from './context.ts';
import { hintAtCommands } from './unknown-command.ts';

const EPILOGUE = `
Examples:
  roundhouse demo                                     see it work, once
  roundhouse up                                       start it, and keep it running
  roundhouse run --plan plan.yaml --junit out.xml     a plan of tasks, without a person: for CI
  roundhouse task run "greet" --agent scripted --wait --prompt $'@write hi.txt hello\\n@commit Greet\\n@done'
  roundhouse task merge 3f2a                          land it (the beginning of the id is enough)

Exit codes:
  0 ok   1 failed   2 bad usage   3 conflict   4 not found   5 refused (401, 403)   6 service unreachable   7 timed out
  (of "run": 0 passed   1 failed   2 wrong plan   3 not run)

Commands talk to the service that "roundhouse up" runs; --url and --token-file, or ROUNDHOUSE_URL and ROUNDHOUSE_TOKEN,
name another one.`;

const COMMANDS = [
  upCommand,
  demoCommand,
  runCommand,
  taskCommand,
  eventsCommand,
  projectCommand,
  coordinatorCommand,
  mcpCommand,
  notificationsCommand,
  launcherCommand,
  breakerCommand,
  tokenCommand,
  auditCommand,
  doctorCommand,
] as const;

/** The command line as a whole: a literal list of commands, each of which is one file. */
export function createProgram(context: Context): Command {
  const program = new Command('roundhouse')
    .description(
      'Runs many coding agents side by side, each in its own git worktree and terminal, and lands their work safely.',
    )
    .version('0.1.0')
    .showHelpAfterError('(add --help for the options)')
    .addHelpText('after', EPILOGUE);
  for (const make of COMMANDS) program.addCommand(make(context));
  hintAtCommands(program);
  return program;
}

/** Lets commander throw instead of ending the process: main decides on the exit code. */
export function overrideExits(command: Command): Command {
  command.exitOverride();
  for (const inner of command.commands) overrideExits(inner);
  return command;
}
