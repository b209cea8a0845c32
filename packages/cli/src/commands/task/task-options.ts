import type { ApiClient } from '@roundhouse/contracts';
import { Command } from 'commander';
import { connectAsCoordinator, type ConnectOptions, withConnection } from '../../connect.ts';
import type { Context } from '../../context.ts';
import { taskIdOf } from './task-id.ts';

export interface TaskOptions extends ConnectOptions {
  readonly coordinator?: string;
}

export const withCoordinator = (command: Command): Command =>
  command.option(
    '--coordinator <id>',
    'the coordinator to act for (default: the token’s own, else that of "roundhouse up")',
  );

/** A command that takes one task, by its id or the beginning of it. */
export const taskCommandOf = (name: string, context: Context): Command =>
  withCoordinator(withConnection(new Command(name), context)).argument(
    '<task>',
    'the task’s id, or the beginning of it',
  );

/** Connects and finds the task. */
export async function openTask(
  context: Context,
  named: string,
  options: TaskOptions,
): Promise<{ client: ApiClient; id: string }> {
  const client = await connectAsCoordinator(context, options);
  return { client, id: await taskIdOf(client, named) };
}
