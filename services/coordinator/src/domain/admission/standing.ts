import type { Admission, AgentKind, Budget, TaskRecord } from '@roundhouse/contracts';
import { type OpenBreaker, breakerState } from './breaker.ts';
import type { House } from './next-to-admit.ts';

/** How a coordinator stands, of one instant. */
export interface Standing {
  readonly paused: boolean;
  readonly running: number;
  readonly maxRunning: number | null;
  readonly budget: Budget;
  /** How long its attempts have run so far, added up, ms. */
  readonly spentMs: number;
}

export type Breakers = ReadonlyMap<AgentKind, OpenBreaker>;

export const budgetSpent = ({ budget, spentMs }: Pick<Standing, 'budget' | 'spentMs'>): boolean =>
  budget.wallClockSeconds !== null && spentMs >= budget.wallClockSeconds * 1_000;

/** Which kinds of agents may not start now. */
export function shutKinds(breakers: Breakers, nowMs: number): House['shut'] {
  const shut = new Map<AgentKind, 'all' | 'but_one'>();
  for (const [kind, breaker] of breakers) {
    const state = breakerState(breaker, nowMs);
    if (state !== 'closed') shut.set(kind, state === 'half_open' && breaker.trial === null ? 'but_one' : 'all');
  }
  return shut;
}

type Held = Extract<Admission, { state: 'held' }>;
const held = (why: Held['why'], reason: string, until: number | null = null): Held => ({
  state: 'held',
  why,
  reason,
  until: until === null ? null : new Date(until).toISOString(),
});

/** Everything that a look at a held task needs beside its record. */
export interface Surroundings {
  readonly standing: Standing;
  readonly house: Pick<House, 'running' | 'maxRunning'>;
  readonly breakers: Breakers;
  readonly nowMs: number;
}

/** A task's admission as callers see it: what holds it now, the hardest to change first. */
export function admissionView({ admission, agent }: TaskRecord, around: Surroundings | null): Admission {
  if (admission.state === 'admitted') return { state: 'admitted', at: admission.at };
  if (admission.by !== 'turn') return held(admission.by, admission.reason);
  return around === null ? held('concurrency', 'it is next') : heldInLine(agent.kind, around);
}

/** What keeps a place from the tasks in line that have this kind of agent. */
export function heldInLine(kind: AgentKind, { standing, house, breakers, nowMs }: Surroundings): Held {
  if (standing.paused) return held('paused', 'its coordinator is paused');
  if (budgetSpent(standing)) {
    return held('budget', `its coordinator’s budget of ${standing.budget.wallClockSeconds ?? 0} s is used up`);
  }
  const breaker = breakers.get(kind) ?? null;
  const state = breakerState(breaker, nowMs);
  if (breaker !== null && state === 'open') {
    const until = breaker.until ?? breaker.retryAt;
    const when = breaker.until === null ? 'is tried again' : 'is back';
    return held('quota', `the quota of ${kind} agents is used up; it ${when} at ${instantOf(until)}`, until);
  }
  if (state === 'half_open' && breaker !== null && breaker.trial !== null)
    return held('quota', `the quota of ${kind} agents was used up; another task tries whether it is back`);
  if (standing.maxRunning !== null && standing.running >= standing.maxRunning)
    return held('concurrency', `its coordinator has ${standing.running} running of ${standing.maxRunning} that may`);
  if (house.maxRunning !== null && house.running >= house.maxRunning)
    return held('concurrency', `the service has ${house.running} running of ${house.maxRunning} that may`);
  return held('concurrency', 'it is next');
}

const instantOf = (ms: number | null): string => (ms === null ? 'some time' : new Date(ms).toISOString());
