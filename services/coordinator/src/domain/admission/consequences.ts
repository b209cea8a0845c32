import type { TaskRecord } from '@roundhouse/contracts';
import { outstandingPrompts, signalIsCurrent } from '../derived.ts';
import type { Effect } from '../events.ts';
import { outcomeOf } from './dependencies.ts';
import { heldBy, holdsPlace } from './place.ts';

/**
 * What a change of one task means for others. Read off the two records, so that no handler of an event can forget it:
 * a place that became free, a turn that begins, an outcome that others wait for, a trial that is over.
 */
export function consequences(before: TaskRecord, after: TaskRecord): Effect[] {
  const { id, coordinatorId, agent } = after;
  const effects: Effect[] = [];
  if (outcomesOf(before) !== outcomesOf(after)) effects.push({ type: 'weigh_dependants', taskId: id });
  const trial = trialOutcome(before, after);
  if (trial !== null) effects.push({ type: 'trial_over', kind: agent.kind, taskId: id, outcome: trial });
  const placeFreed = holdsPlace(before) && !holdsPlace(after);
  const turnBegins = heldBy(before) !== 'turn' && heldBy(after) === 'turn';
  if (placeFreed || turnBegins) effects.push({ type: 'admit', coordinatorId });
  return effects;
}

const outcomesOf = (task: TaskRecord): string => `${outcomeOf(task, 'landed')} ${outcomeOf(task, 'signalled')}`;

const isTrial = ({ admission }: TaskRecord): boolean => admission.state === 'admitted' && admission.trial;

/** An agent that took its prompt and is idle, has signalled or exited had the quota it needed; another end proves nothing. */
function trialOutcome(before: TaskRecord, after: TaskRecord): 'passed' | 'void' | null {
  if (!isTrial(before) || !isTrial(after)) return null;
  if (after.lifecycle.state === 'ended') {
    if (before.lifecycle.state === 'ended') return null;
    return after.lifecycle.end.kind === 'exited' ? 'passed' : 'void';
  }
  const worked = (task: TaskRecord): boolean => signalIsCurrent(task) || idleAfterPrompt(task);
  return worked(after) && !worked(before) ? 'passed' : null;
}

const idleAfterPrompt = (task: TaskRecord): boolean =>
  task.activity.state === 'idle' &&
  outstandingPrompts(task).length === 0 &&
  task.prompts.some(({ state }) => state === 'accepted');
