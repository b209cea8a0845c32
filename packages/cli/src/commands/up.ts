import { resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import type { Context } from '../context.ts';
import { sandboxChoice, type SandboxOptions, withSandboxOptions } from '../embedded/sandbox-choice.ts';

const API_PORT = 7420;

/** `roundhouse up`: the whole service on this machine, until it is told to stop. */
export function upCommand(context: Context): Command {
  const command = new Command('up')
    .summary('start the whole service here and keep it running')
    .description(
      'Starts Redis, the coordinator, the MCP gateway and the launcher, and keeps them running until Ctrl-C.\nAgents run as plain processes of yours, which is for agents that you trust, or in containers (--sandbox docker).',
    )
    .option('--data <dir>', 'where data is kept between starts', context.config.dataFolder)
    .option('--port <n>', 'port of the API; 0 is any free one', port, API_PORT)
    .option('--mcp-port <n>', 'port of the MCP endpoint (default: the next one, or any free one)', port)
    .option('--repo <path>', 'the git repository to work on (default: the one you stand in, else a generated sample)')
    .option('--slots <n>', 'how many agents may run at once', slots, 128)
    .option(
      '--max-running <n>',
      'how many tasks may be under way at once; others wait their turn (default: any)',
      slots,
    )
    .option('--json', 'print one line of JSON when all is ready', false);
  return withSandboxOptions(command, 'what isolates agents (default: process)')
    .addHelpText('after', EXAMPLES)
    .action(async (options: GivenOptions) => {
      const { runUp } = await import('../embedded/run-up.ts');
      await runUp(context, {
        data: resolve(context.cwd, options.data),
        port: options.port,
        mcpPort: options.mcpPort ?? (options.port === 0 ? 0 : options.port + 1),
        repo: options.repo,
        slots: options.slots,
        maxRunning: options.maxRunning ?? null,
        sandbox: sandboxChoice(options, 'process'),
        json: options.json,
      });
    });
}

interface GivenOptions extends SandboxOptions {
  readonly data: string;
  readonly port: number;
  readonly mcpPort?: number;
  readonly repo?: string;
  readonly slots: number;
  readonly maxRunning?: number;
  readonly json: boolean;
}

const EXAMPLES = `
Examples:
  roundhouse up                                  work on the repository that you stand in
  roundhouse up --repo ~/src/app --port 8000     another repository, other ports (API 8000, MCP 8001)
  roundhouse up --sandbox docker --warm 2:8      agents in containers, some of them started ahead
  roundhouse up --json --port 0 --data "$(mktemp -d)"    for scripts: one line of JSON, free ports`;

const whole =
  (min: number, max: number) =>
  (text: string): number => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= min && value <= max))
      throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
    return value;
  };
const port = whole(0, 65_535);
const slots = whole(1, 10_000);
