import type { TaskEvent, TaskRecord } from '@roundhouse/contracts';
import type { ChainableCommander, Redis } from 'ioredis';
import type { Effect } from '../../domain/events.ts';

export interface StoredTask {
  readonly id: string;
  /** The fields beside the record, as the hash has them. */
  readonly fields: Readonly<Record<string, string>>;
  readonly record: TaskRecord;
  readonly prompts: Readonly<Record<string, string>>;
}

export interface StoredCoordinator {
  readonly id: string;
  readonly maxRunning: number | null;
  readonly paused: boolean;
  readonly tasks: ReadonlyMap<string, number>;
  readonly unsettled: ReadonlySet<string>;
  readonly notices: ReadonlyMap<string, number>;
  readonly places: ReadonlySet<string>;
  readonly live: ReadonlyMap<string, number>;
  readonly usage: Readonly<Record<string, string>>;
  readonly lines: ReadonlyMap<string, ReadonlyMap<string, number>>;
  readonly events: readonly { readonly id: string; readonly event: TaskEvent }[];
}

/** All that Redis holds of tasks, read past the code that wrote it, at one moment. */
export interface Snapshot {
  readonly tasks: ReadonlyMap<string, StoredTask>;
  readonly coordinators: readonly StoredCoordinator[];
  readonly allTasks: ReadonlyMap<string, number>;
  readonly leases: ReadonlyMap<string, number>;
  readonly deadlines: ReadonlyMap<string, number>;
  readonly places: ReadonlySet<string>;
  readonly lineNames: ReadonlySet<string>;
  readonly edges: ReadonlySet<string>;
  readonly outbox: readonly { readonly id: string; readonly effect: Effect }[];
}

export const KINDS_IN_PLAY = ['scripted', 'command'] as const;
const OF_COORDINATOR = 8 + KINDS_IN_PLAY.length;

const scores = (flat: readonly string[]): Map<string, number> =>
  new Map(Array.from({ length: flat.length / 2 }, (_, index) => [flat[2 * index] ?? '', Number(flat[2 * index + 1])]));

type Entry = readonly [id: string, fields: readonly string[]];

/** The names of keys are written here once more: a key that is renamed on one side only is a fault. */
export async function takeSnapshot(redis: Redis, coordinatorIds: readonly string[]): Promise<Snapshot> {
  const first = redis
    .multi()
    .keys('{rh}:task:*')
    .zrange('{rh}:tasks', '0', '-1', 'WITHSCORES')
    .zrange('{rh}:leases', '0', '-1', 'WITHSCORES')
    .zrange('{rh}:deadlines', '0', '-1', 'WITHSCORES')
    .smembers('{rh}:places')
    .smembers('{rh}:lines')
    .zrange('{rh}:edges', '0', '-1')
    .xrange('{rh}:outbox', '-', '+');
  for (const id of coordinatorIds) askCoordinator(first, id);
  const answers = await valuesOf(first);
  const [keys, all, leases, deadlines, places, lineNames, edges, outbox] = answers.splice(0, 8) as [
    string[],
    string[],
    string[],
    string[],
    string[],
    string[],
    string[],
    Entry[],
  ];
  const coordinators = coordinatorIds.map((id) => readCoordinator(id, answers.splice(0, OF_COORDINATOR)));
  const ids = keys.map((key) => /^\{rh\}:task:([0-9a-f-]+)$/.exec(key)?.[1]).filter((id) => id !== undefined);
  return {
    tasks: await readTasks(redis, ids),
    coordinators,
    allTasks: scores(all),
    leases: scores(leases),
    deadlines: scores(deadlines),
    places: new Set(places),
    lineNames: new Set(lineNames),
    edges: new Set(edges),
    outbox: outbox.map(([id, [, effect = '']]) => ({ id, effect: JSON.parse(effect) as Effect })),
  };
}

async function valuesOf(commands: ChainableCommander): Promise<unknown[]> {
  const results = (await commands.exec()) ?? [];
  return results.map(([error, value]) => {
    if (error !== null) throw error;
    return value;
  });
}

function askCoordinator(commands: ChainableCommander, id: string): void {
  const key = `{rh}:coordinator:${id}`;
  commands
    .hget('{rh}:coordinators', id)
    .zrange(`${key}:tasks`, '0', '-1', 'WITHSCORES')
    .smembers(`${key}:unsettled`)
    .zrange(`${key}:notices`, '0', '-1', 'WITHSCORES')
    .smembers(`${key}:places`)
    .zrange(`${key}:live`, '0', '-1', 'WITHSCORES')
    .hgetall(`${key}:usage`)
    .xrange(`${key}:events`, '-', '+');
  for (const kind of KINDS_IN_PLAY) commands.zrange(`${key}:line:${kind}`, '0', '-1', 'WITHSCORES');
}

function readCoordinator(id: string, answers: readonly unknown[]): StoredCoordinator {
  const [text, tasks, unsettled, notices, places, live, usage, events, ...lines] = answers as [
    string,
    string[],
    string[],
    string[],
    string[],
    string[],
    Record<string, string>,
    Entry[],
    ...string[][],
  ];
  const { maxRunning, paused } = JSON.parse(text) as { maxRunning: number | null; paused: unknown };
  return {
    id,
    maxRunning,
    paused: paused !== null,
    tasks: scores(tasks),
    unsettled: new Set(unsettled),
    notices: scores(notices),
    places: new Set(places),
    live: scores(live),
    usage,
    lines: new Map(KINDS_IN_PLAY.map((kind, index) => [kind, scores(lines[index] ?? [])])),
    events: events.map(([entry, [, event = '']]) => ({ id: entry, event: JSON.parse(event) as TaskEvent })),
  };
}

async function readTasks(redis: Redis, ids: readonly string[]): Promise<Map<string, StoredTask>> {
  if (ids.length === 0) return new Map();
  const commands = redis.multi();
  for (const id of ids) commands.hgetall(`{rh}:task:${id}`).hgetall(`{rh}:task:${id}:prompts`);
  const answers = (await valuesOf(commands)) as Record<string, string>[];
  return new Map(
    ids.map((id, index) => {
      const { data = 'null', ...fields } = answers[2 * index] ?? {};
      return [id, { id, fields, record: JSON.parse(data) as TaskRecord, prompts: answers[2 * index + 1] ?? {} }];
    }),
  );
}
