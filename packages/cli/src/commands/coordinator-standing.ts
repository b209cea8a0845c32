import type { CoordinatorStanding, OperationName } from '@roundhouse/contracts';
import { Command, InvalidArgumentError } from 'commander';
import { connectAsCoordinator, withConnection } from '../connect.ts';
import type { Context } from '../context.ts';
import { type Output, printable, table } from '../output.ts';
import { duration, durationWords } from './duration.ts';
import type { TaskOptions } from './task/task-options.ts';

/** A limit, or the word that takes it back: commander makes nothing of null. */
type Given = number | 'none';

interface SetOptions extends TaskOptions {
  readonly name?: string;
  readonly maxRunning?: Given;
  readonly maxTasks?: Given;
  readonly maxTime?: Given;
}

/** `roundhouse coordinator show|pause|resume|set`: which tasks may start. */
export function standingCommands(context: Context): Command[] {
  const { output } = context;
  const ofCoordinator = (name: string): Command =>
    withConnection(new Command(name), context).argument(
      '[coordinator]',
      'its id (default: the token’s own, else that of "roundhouse up")',
    );
  const clientOf = (named: string | undefined, options: TaskOptions) =>
    connectAsCoordinator(context, named === undefined ? options : { ...options, coordinator: named });
  const tell = (standing: CoordinatorStanding, { json }: TaskOptions): void =>
    json ? output.json(standing) : output.line(standingWords(standing, output));

  const simple = (
    name: string,
    operation: Extract<OperationName, 'getCoordinator' | 'pauseCoordinator' | 'resumeCoordinator'>,
    summary: string,
  ): Command =>
    ofCoordinator(name)
      .summary(summary)
      .action(async (named: string | undefined, options: TaskOptions) =>
        tell(await (await clientOf(named, options)).call(operation, {}), options),
      );

  const set = ofCoordinator('set')
    .summary('change its name, its limit or its budget; "none" takes a limit back')
    .option('--name <name>', 'what to call it')
    .option('--max-running <n>', 'how many of its tasks may run at once', orNone(whole))
    .option('--max-tasks <n>', 'how many tasks it may ever create', orNone(whole))
    .option('--max-time <duration>', 'how long its agents may run, added up, e.g. 8h, 2d', orNone(duration))
    .action(async (named: string | undefined, options: SetOptions) => {
      const client = await clientOf(named, options);
      const { coordinator } = await client.call('getCoordinator', {});
      const { name, maxRunning, maxTasks, maxTime } = options;
      const budget = {
        ...(maxTasks === undefined ? {} : { tasks: limitOf(maxTasks) }),
        ...(maxTime === undefined ? {} : { wallClockSeconds: limitOf(maxTime) }),
      };
      const given = {
        ...(name === undefined ? {} : { name }),
        ...(maxRunning === undefined ? {} : { maxRunning: limitOf(maxRunning) }),
      };
      await client.call('updateCoordinator', { id: coordinator.id, ...given, budget });
      tell(await client.call('getCoordinator', {}), options);
    });
  return [
    simple('show', 'getCoordinator', 'show its limits, its budget and where its tasks are'),
    simple('pause', 'pauseCoordinator', 'start none of its tasks for now; those that run go on'),
    simple('resume', 'resumeCoordinator', 'start its tasks again'),
    set,
  ];
}

const orNone =
  (read: (text: string) => number) =>
  (text: string): Given =>
    text === 'none' ? text : read(text);

const limitOf = (given: Given): number | null => (given === 'none' ? null : given);

function whole(text: string): number {
  if (!/^\d{1,7}$/.test(text)) throw new InvalidArgumentError('It must be a whole number, or "none".');
  return Number(text);
}

const ofAll = (used: string, most: string | null): string => (most === null ? used : `${used} of ${most}`);

function standingWords({ coordinator, tasks, used, house }: CoordinatorStanding, output: Output): string {
  const { bold, dim, yellow } = output.colour;
  const { maxRunning, paused, budget } = coordinator;
  const held = Object.entries(tasks.held)
    .filter(([, count]) => count > 0)
    .map(([why, count]) => `${count} by ${why.replace('_', ' ')}`);
  const rows = [
    ['id', coordinator.id],
    ['state', paused === null ? 'starts tasks' : yellow(`paused by the ${paused.by} at ${paused.at}`)],
    ['running', ofAll(String(tasks.running), maxRunning === null ? null : String(maxRunning))],
    ['held', [String(tasks.queued), ...held].join(', ')],
    ['not settled', String(tasks.remaining)],
    ['settled', String(tasks.settled)],
    ['created', ofAll(String(used.tasks), budget.tasks === null ? null : String(budget.tasks))],
    [
      'agents ran',
      ofAll(
        durationWords(used.wallClockSeconds),
        budget.wallClockSeconds === null ? null : durationWords(budget.wallClockSeconds),
      ),
    ],
    ['all together', ofAll(String(house.running), house.maxRunning === null ? null : String(house.maxRunning))],
  ];
  const lines = rows.map(([key = '', value = '']) => [dim(key), value]);
  return `${bold(printable(coordinator.name))}\n${table(lines, null)}`;
}
