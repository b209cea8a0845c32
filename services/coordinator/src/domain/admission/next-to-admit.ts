import type { AgentKind } from '@roundhouse/contracts';
import { waitsSince } from './place.ts';

/** The first in one line: tasks of one coordinator with one kind of agent. */
export interface Head {
  readonly taskId: string;
  readonly kind: AgentKind;
  readonly turn: number;
}

export interface Contender {
  readonly coordinatorId: string;
  readonly paused: boolean;
  readonly budgetSpent: boolean;
  readonly running: number;
  readonly maxRunning: number | null;
  readonly heads: readonly Head[];
}

export interface House {
  readonly running: number;
  readonly maxRunning: number | null;
  /** The kinds of agents that may not start now, and those of which one may, as a trial. */
  readonly shut: ReadonlyMap<AgentKind, 'all' | 'but_one'>;
}

export interface Choice {
  readonly taskId: string;
  readonly trial: boolean;
}

const hasRoom = (running: number, most: number | null): boolean => most === null || running < most;

/**
 * Who is next. Of one coordinator's the highest priority, then the oldest. Between coordinators the one with the fewest
 * running, then the one whose first has waited longest: a priority is a coordinator's word about its own tasks, and across
 * coordinators it would be a race to 9; turns taken in a ring would give as many to who has forty running as to who has none.
 */
export function nextToAdmit(contenders: readonly Contender[], house: House): Choice | null {
  if (!hasRoom(house.running, house.maxRunning)) return null;
  let best: { readonly contender: Contender; readonly head: Head } | null = null;
  for (const contender of contenders) {
    if (contender.paused || contender.budgetSpent || !hasRoom(contender.running, contender.maxRunning)) continue;
    const head = firstOf(contender.heads.filter(({ kind }) => house.shut.get(kind) !== 'all'));
    if (head === null) continue;
    if (best === null || comesBefore({ contender, head }, best)) best = { contender, head };
  }
  return best === null ? null : { taskId: best.head.taskId, trial: house.shut.get(best.head.kind) === 'but_one' };
}

const firstOf = (heads: readonly Head[]): Head | null =>
  heads.reduce<Head | null>((first, head) => (first === null || head.turn < first.turn ? head : first), null);

function comesBefore(
  one: { readonly contender: Contender; readonly head: Head },
  other: { readonly contender: Contender; readonly head: Head },
): boolean {
  if (one.contender.running !== other.contender.running) return one.contender.running < other.contender.running;
  return waitsSince(one.head.turn) < waitsSince(other.head.turn);
}
