import { BranchName, slugOf } from '@roundhouse/contracts';
import { Command, InvalidArgumentError } from 'commander';
import { resolve } from 'node:path';
import type { Context } from '../context.ts';
import { type SandboxOptions, withSandboxOptions } from '../embedded/sandbox-choice.ts';

interface GivenOptions extends SandboxOptions {
  readonly plan: string;
  readonly connect?: string;
  readonly tokenFile?: string;
  readonly junit?: string;
  readonly json?: string;
  /** True: without a name. */
  readonly resultBranch?: string | true;
}

/** `roundhouse run`: the tasks of a plan, without a person. */
export function runCommand(context: Context): Command {
  const command = new Command('run')
    .summary('run the tasks of a plan to their end, without a person: for CI')
    .description(
      'Starts a service of its own (or uses one that runs), runs the tasks of a plan, lands their work, checks the result,\nwrites reports, ends everything that it started and leaves nothing.',
    )
    .requiredOption('--plan <file>', 'the plan, in YAML')
    .option('--junit <file>', 'write a report as JUnit XML')
    .option('--json <file>', 'write a report as JSON')
    .option(
      '--result-branch [name]',
      'write the result into the repository as this branch, new or fast-forward (default: roundhouse/<plan>)',
      branch,
    )
    .option('--connect <url>', 'use the service at this address (default: ROUNDHOUSE_URL, else one of its own)')
    .option('--token-file <file>', 'a file with an operator’s token, for --connect');
  return withSandboxOptions(command, 'what isolates agents of a service of its own (default: the plan’s, else process)')
    .addHelpText('after', HELP)
    .action(async (options: GivenOptions) => {
      const path = (file: string | undefined): string | null =>
        file === undefined ? null : resolve(context.cwd, file);
      const { junit, json, resultBranch, ...rest } = options;
      const { runPlan } = await import('../plan/run-plan.ts');
      await runPlan(context, {
        ...rest,
        plan: resolve(context.cwd, options.plan),
        junit: path(junit),
        json: path(json),
        resultBranch: ({ name }) => (resultBranch === true ? `roundhouse/${slugOf(name)}` : (resultBranch ?? null)),
      });
    });
}

function branch(name: string): string {
  const parsed = BranchName.safeParse(name);
  if (!parsed.success) throw new InvalidArgumentError(parsed.error.issues[0]?.message ?? 'It is not a branch name.');
  return name;
}

const HELP = `
A plan:
  version: 1
  base: main                     # a branch or commit (default: what is checked out)
  agent: scripted                # or { kind: command, argv: [my-agent, --flag] }; each task may have its own
  concurrency: 4
  taskTimeoutSeconds: 600        # timeoutSeconds: the whole run; idleSeconds: how long an agent may sit there
  tasks:
    - name: parser
      prompt: Write the parser that docs/grammar.md describes.
    - name: tests
      promptFile: prompts/tests.md
      needs: [parser]            # starts when parser has landed, is skipped where it has not
      conflictPrompt: Merge the base branch, keep both sides, commit and signal again.
  checks:                        # run here, in a fresh clone of the result, with your rights and no shell
    - name: unit tests
      command: [npm, test]

Also: name, repository, target, sandbox, image, limits (memoryMb, cpus, pids, diskMb, attempts); for a task image,
limits, timeoutSeconds, land: false. deploy/ci has a plan with pipelines that run it.

Exit codes:
  0 all passed   1 a task or check failed   2 the plan is wrong   3 it could not be run, or was stopped`;
