import type { TaskRecord } from '@roundhouse/contracts';

/** A place is a task's from its admission until it has ended: a signalled one and one that is repeated keep it. */
export const holdsPlace = ({ admission, lifecycle }: TaskRecord): boolean =>
  admission.state === 'admitted' && lifecycle.state !== 'ended' && lifecycle.state !== 'closed';

/** What of a task's own keeps it from a place; null where nothing does. */
export const heldBy = ({ admission, lifecycle }: TaskRecord): 'turn' | 'dependencies' | 'failed_dependency' | null =>
  admission.state === 'held' && lifecycle.state === 'queued' ? admission.by : null;

/** Beyond every instant, so that priorities never mix: 2^42 ms is the year 2109. */
const PRIORITY_STEP = 2 ** 42;

/** Where a task stands in its coordinator's line: the lowest is next. A number that a sorted set keeps exactly. */
export const turnOf = ({ priority, createdAt }: TaskRecord): number =>
  (9 - priority) * PRIORITY_STEP + Date.parse(createdAt);

/** Since when it waits, ms: the creation that is in the number. */
export const waitsSince = (turn: number): number => turn % PRIORITY_STEP;
