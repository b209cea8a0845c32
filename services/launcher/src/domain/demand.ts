/** How long it is remembered that an attempt asked for a sandbox, milliseconds. */
export const DEMAND_MS = 60_000;
/** Attempts that come within this time of each other come at once: no sandbox is ready again before it is over. */
export const BURST_MS = 5_000;
/** More than are remembered of one profile cannot be wanted of a pool either. */
const MAX_TIMES = 1_000;

/** When attempts asked, by profile: milliseconds, ascending. */
export type Demand = ReadonlyMap<string, readonly number[]>;

/** With one more, and without what is too long ago. */
export function asked(demand: Demand, key: string, now: number): Demand {
  const times = new Map([...demand, [key, [...(demand.get(key) ?? []), now].slice(-MAX_TIMES)] as const]);
  for (const [each, its] of times) {
    const left = its.filter((time) => time > now - DEMAND_MS);
    if (left.length === 0) times.delete(each);
    else times.set(each, left);
  }
  return times;
}

/** The most attempts of one profile that came at once within the last minute. */
export function burst(demand: Demand, key: string, now: number): number {
  const times = (demand.get(key) ?? []).filter((time) => time > now - DEMAND_MS);
  let most = 0;
  let first = 0;
  for (const [last, time] of times.entries()) {
    while ((times[first] as number) < time - BURST_MS) first += 1;
    most = Math.max(most, last - first + 1);
  }
  return most;
}
