export interface WarmWish {
  /** How many there should be at least and at most, all profiles together. */
  readonly min: number;
  readonly max: number;
  /** How many places no attempt has. */
  readonly room: number;
  /** For each profile, the most likely first: how many attempts came at once lately. */
  readonly bursts: readonly number[];
  /** How many there should have been until now. */
  readonly before: number;
  /** Whether it is time for a step down. */
  readonly mayShrink: boolean;
}

/**
 * How many warm sandboxes there should be: as many as attempts came at once lately, between the minimum and the maximum,
 * and never more than there is room for. It grows at once and shrinks by a quarter a step: the next burst is often as
 * large as the last, and one that is gone too early costs more than one that stays a little longer.
 */
export function warmTotal({ min, max, room, bursts, before, mayShrink }: WarmWish): number {
  if (bursts.length === 0) return 0;
  const most = Math.max(0, Math.min(max, room));
  const wanted = Math.max(Math.min(min, most), Math.min(sum(bursts), most));
  if (wanted >= before) return wanted;
  const step = mayShrink ? Math.ceil(before / 4) : 0;
  return Math.min(most, Math.max(wanted, before - step));
}

/**
 * Shares them out: to each profile what it lately needed at once, where there are not enough in proportion to that; the
 * rest to the likely ones, half of it to the first, half of what is left to the next, and so on.
 */
export function warmSizes(total: number, bursts: readonly number[]): number[] {
  const needed = sum(bursts);
  if (total < needed) return inProportion(total, bursts);
  let rest = total - needed;
  return bursts.map((own, index) => {
    const more = index === bursts.length - 1 ? rest : Math.ceil(rest / 2);
    rest -= more;
    return own + more;
  });
}

/** What a profile needs and has. */
export interface WarmShare {
  /** How many attempts came at once lately. */
  readonly burst: number;
  /** How many there are, where no more can be started just now; null where they can. */
  readonly stuckAt: number | null;
}

/**
 * Shares them out among profiles, the most likely first, of which some cannot start any just now: those keep what they have, as
 * far as it goes, and the others get the rest.
 */
export function warmShares(total: number, profiles: readonly WarmShare[]): number[] {
  let rest = total;
  const kept = profiles.map(({ stuckAt }) => {
    const own = Math.min(stuckAt ?? 0, rest);
    rest -= own;
    return own;
  });
  const sizes = warmSizes(
    rest,
    profiles.flatMap(({ burst, stuckAt }) => (stuckAt === null ? [burst] : [])),
  );
  return profiles.map(({ stuckAt }, index) => (stuckAt === null ? (sizes.shift() as number) : (kept[index] as number)));
}

/** By largest remainder; of equal ones the more likely. */
function inProportion(total: number, weights: readonly number[]): number[] {
  const all = sum(weights);
  const exact = weights.map((weight) => (weight * total) / all);
  const sizes = exact.map(Math.floor);
  const byRemainder = exact
    .map((share, index) => ({ index, remainder: share - Math.floor(share) }))
    .sort((one, other) => other.remainder - one.remainder || one.index - other.index);
  for (const { index } of byRemainder.slice(0, total - sum(sizes))) sizes[index] = (sizes[index] as number) + 1;
  return sizes;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((one, other) => one + other, 0);
