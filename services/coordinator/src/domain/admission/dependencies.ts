import type { Dependency, TaskRecord } from '@roundhouse/contracts';
import { signalIsCurrent } from '../derived.ts';

/** What a task has come to, for those that wait for it. `failed` is final. */
export type Outcome = 'met' | 'pending' | 'failed';

/** What is known of one dependency at the moment it was looked at. */
export interface DependencyFact {
  readonly taskId: string;
  readonly name: string;
  readonly outcome: Readonly<Record<Dependency['until'], Outcome>>;
  /** How it came to nothing, in words; null while it has not. */
  readonly fault: string | null;
}

export type Weighed =
  | { readonly state: 'met' }
  | { readonly state: 'pending'; readonly reason: string }
  | { readonly state: 'failed'; readonly taskId: string; readonly reason: string };

/** A signal that can still be landed, and a landing that is under way, are not the end of it; neither is a conflict. */
export function outcomeOf(task: TaskRecord, until: Dependency['until']): Outcome {
  if (task.landing.state === 'landed') return 'met';
  if (until === 'signalled' && signalIsCurrent(task)) return 'met';
  if (task.landing.state === 'queued') return 'pending';
  if (task.lifecycle.state === 'closed') return 'failed';
  return task.lifecycle.state === 'ended' && !signalIsCurrent(task) ? 'failed' : 'pending';
}

const quoted = (name: string): string => `“${name}”`;

function faultOf(task: TaskRecord): string | null {
  const { lifecycle } = task;
  if (lifecycle.state !== 'ended' && lifecycle.state !== 'closed') return null;
  const { end } = lifecycle;
  if (end.kind === 'cancelled' || signalIsCurrent(task)) return 'was closed before its work had landed';
  if (end.kind === 'exited') return 'ended without a signal';
  return `ended (${end.kind}): ${end.reason}`.slice(0, 500);
}

export const factOf = (task: TaskRecord): DependencyFact => ({
  taskId: task.id,
  name: task.name,
  outcome: { landed: outcomeOf(task, 'landed'), signalled: outcomeOf(task, 'signalled') },
  fault: faultOf(task),
});

const WAITED_FOR = { landed: 'to land', signalled: 'to signal' } as const;

/** A dependency of which nothing is known has not come about. */
export function weigh(dependsOn: readonly Dependency[], facts: readonly DependencyFact[]): Weighed {
  const known = new Map(facts.map((fact) => [fact.taskId, fact]));
  const rows = dependsOn.map(({ taskId, until }) => ({ taskId, until, fact: known.get(taskId) }));
  const failed = rows.find(({ until, fact }) => fact?.outcome[until] === 'failed');
  if (failed?.fact !== undefined) {
    const { fact, until } = failed;
    const how = fact.fault ?? `can no more be waited for ${WAITED_FOR[until]}`;
    return { state: 'failed', taskId: failed.taskId, reason: `${quoted(fact.name)} ${how}` };
  }
  const pending = rows.filter(({ until, fact }) => fact?.outcome[until] !== 'met');
  const [first] = pending;
  if (first === undefined) return { state: 'met' };
  const one = `${quoted(first.fact?.name ?? first.taskId)} ${WAITED_FOR[first.until]}`;
  const more = pending.length === 1 ? '' : ` and for ${pending.length - 1} more`;
  return { state: 'pending', reason: `waits for ${one}${more}` };
}
