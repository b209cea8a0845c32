import type { StoredTask } from './snapshot.ts';
import type { RunnerPart, World } from './world.ts';

export type Pick = (task: StoredTask) => boolean;

/** From here on a number means any, whether it fits or not. */
const ANY_FROM = 36;

/** A task that something can happen to, or hardly anything would; now and then just any. Null: there is none. */
export function pickTask(world: World, index: number, fits: Pick): StoredTask | null {
  // In the order of creation: a set of keys has none.
  const all = [...world.snapshot.allTasks.keys()]
    .map((id) => world.snapshot.tasks.get(id))
    .filter((task) => task !== undefined);
  const fitting = index >= ANY_FROM ? all : all.filter(fits);
  const from = fitting.length > 0 ? fitting : all;
  return from.length === 0 ? null : (from[index % from.length] ?? null);
}

type Whose = { readonly stale: boolean | null; readonly states: readonly string[] };

/** Those whose task is in the given states under their attempt; `stale`: whose attempt is over; null: all. */
export function fittingRunners(world: World, { stale, states }: Whose): RunnerPart[] {
  return world.known.runners.filter(({ taskId, attempt }) => {
    const record = world.snapshot.tasks.get(taskId)?.record;
    const current = record?.attempt === attempt && states.includes(record.lifecycle.state);
    return stale === null || stale !== current;
  });
}

/** Null: there is no runner at all. */
export function pickRunner(world: World, index: number, whose: Whose): RunnerPart | null {
  const fitting = fittingRunners(world, whose);
  const from = fitting.length > 0 ? fitting : world.known.runners;
  return from.length === 0 ? null : (from[index % from.length] ?? null);
}
