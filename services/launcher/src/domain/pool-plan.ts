/** A warm sandbox, or one that is becoming one. */
export interface PoolMember {
  readonly warmId: string;
  /** Its profile's. */
  readonly key: string;
  readonly createdAtMs: number;
}

/** What was loaded long ago is let go of: memory that it does not need, a clock or a disk that has moved on. */
export const MAX_AGE_MS = 3_600_000;

/**
 * What to do so that there are as many as there should be: `sizes` by profile, the most likely first; one that is not
 * named is not wanted. The oldest of a profile stay, for they have proved themselves; at most one is started at a time.
 */
export function planPool(
  members: readonly PoolMember[],
  sizes: ReadonlyMap<string, number>,
  now: number,
): { readonly end: readonly string[]; readonly start: string | null } {
  const kept = new Map<string, number>();
  const end: string[] = [];
  for (const { warmId, key, createdAtMs } of members.toSorted((one, other) => one.createdAtMs - other.createdAtMs)) {
    const count = kept.get(key) ?? 0;
    if (createdAtMs <= now - MAX_AGE_MS || count >= (sizes.get(key) ?? 0)) end.push(warmId);
    else kept.set(key, count + 1);
  }
  const missing = [...sizes].find(([key, size]) => (kept.get(key) ?? 0) < size);
  return { end, start: missing?.[0] ?? null };
}

/** Who gives way to an attempt that has no other place: of the least likely profile the oldest. `likely` is by key. */
export function whoGivesWay(members: readonly PoolMember[], likely: readonly string[]): string | null {
  const rank = ({ key }: PoolMember): number => (likely.includes(key) ? likely.indexOf(key) : likely.length);
  const [first] = members.toSorted((one, other) => rank(other) - rank(one) || one.createdAtMs - other.createdAtMs);
  return first?.warmId ?? null;
}
