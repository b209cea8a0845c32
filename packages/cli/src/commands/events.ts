import { type ApiClient, type PlacedEvent, TaskEventKind } from '@roundhouse/contracts';
import { Command, InvalidArgumentError } from 'commander';
import { connectAsCoordinator, withConnection } from '../connect.ts';
import type { Context } from '../context.ts';
import type { Output } from '../output.ts';
import { taskIdOf } from './task/task-id.ts';
import { type TaskOptions, withCoordinator } from './task/task-options.ts';

interface EventOptions extends TaskOptions {
  readonly follow: boolean;
  readonly task?: string[];
  readonly kind?: TaskEventKind[];
  readonly cursor?: string;
}

/** How long one wait is, milliseconds: less than what cuts a silent call. */
const WAIT_MS = 50_000;

/** `roundhouse events` */
export const eventsCommand = (context: Context): Command =>
  withCoordinator(withConnection(new Command('events'), context))
    .summary('show what has happened to the tasks, or what happens')
    .description(
      'Prints one line an event, oldest first: when, the task, its attempt, and what. With --json one JSON object a line;\nits cursor is where --cursor goes on.',
    )
    .option('--follow', 'go on with what happens, until Ctrl-C; without --cursor only from now on', false)
    .option('--task <task...>', 'only of these tasks, named by their ids or the beginnings of them')
    .option('--kind <kind...>', `only of these kinds: ${TaskEventKind.options.join(', ')}`, kinds)
    .option('--cursor <cursor>', 'go on right after this one')
    .action(async (options: EventOptions) => {
      const client = await connectAsCoordinator(context, options);
      const taskIds = options.task === undefined ? undefined : await idsOf(client, options.task);
      const filter = {
        ...(options.kind === undefined ? {} : { kinds: options.kind }),
        ...(taskIds === undefined ? {} : { taskIds }),
      };
      const { follow, json } = options;
      const print = (event: PlacedEvent): void =>
        json ? context.output.json(event) : context.output.line(eventLine(event, context.output));
      let at: { cursor: string } | { from: 'now' | 'oldest' } =
        options.cursor === undefined ? { from: follow ? 'now' : 'oldest' } : { cursor: options.cursor };
      // Without --follow it ends where there is no more; with it, with the process or with the service.
      for (;;) {
        const page = await client.call('waitForEvents', { ...filter, ...at, timeoutMs: follow ? WAIT_MS : 0 });
        for (const event of page.events) print(event);
        at = { cursor: page.cursor };
        if (!follow && !page.more) return;
      }
    });

const idsOf = (client: ApiClient, named: readonly string[]): Promise<string[]> =>
  Promise.all(named.map((name) => taskIdOf(client, name)));

function eventLine({ at, taskId, attempt, kinds }: PlacedEvent, { colour }: Pick<Output, 'colour'>): string {
  return `${colour.dim(at)}  ${taskId.slice(0, 8)}  ${colour.dim(`attempt ${attempt}`)}  ${kinds.join(', ').replaceAll('_', ' ')}`;
}

function kinds(text: string, before: TaskEventKind[] = []): TaskEventKind[] {
  const kind = TaskEventKind.safeParse(text);
  if (!kind.success) throw new InvalidArgumentError(`It must be one of ${TaskEventKind.options.join(', ')}.`);
  return [...before, kind.data];
}
