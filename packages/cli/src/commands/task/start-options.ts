import type { ApiClient, Task } from '@roundhouse/contracts';
import type { Command } from 'commander';
import type { Context } from '../../context.ts';
import { duration } from '../duration.ts';
import { type LimitOptions, limitsOf, withLimits } from '../limit-options.ts';
import { awaitEnd } from './await-end.ts';

export interface StartOptions extends LimitOptions {
  readonly base?: string;
  readonly project?: string;
  readonly wait: boolean;
  readonly waitTimeout?: number;
}

/** Where a task starts, what it may use, and whether its end is waited for. */
export const withStart = (command: Command): Command =>
  withLimits(command, 'the project’s')
    .option('--base <branch>', 'the branch to start from and to land on (default: the project’s)')
    .option('--project <id>', 'the project (default: the coordinator’s)')
    .option('--wait', 'wait until it has signalled or ended', false)
    .option('--wait-timeout <duration>', 'with --wait: stop waiting after this long, with exit code 7', duration);

export const startOf = (options: StartOptions) => ({
  ...(options.base === undefined ? {} : { baseBranch: options.base }),
  ...(options.project === undefined ? {} : { projectId: options.project }),
  ...limitsOf(options),
});

/** The task when it has signalled or ended. @throws Failure where it takes longer than it is waited for */
export const awaitStarted = (
  client: ApiClient,
  id: string,
  { waitTimeout }: StartOptions,
  { output }: Context,
): Promise<Task> => awaitEnd(client, id, waitTimeout === undefined ? null : waitTimeout * 1_000, output.note);
