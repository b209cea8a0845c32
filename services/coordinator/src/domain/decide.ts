import type { TaskRecord } from '@roundhouse/contracts';
import { consequences } from './admission/consequences.ts';
import type { Circumstances, Decision, TransitionHandler } from './decision.ts';
import type { Event, EventType } from './events.ts';
import { GATE } from './gate.ts';
import { HANDLERS } from './transitions.ts';

/**
 * The pure core: what becomes of a task when something happens. Everything that changes a task goes through here.
 * Invariant I1: what an attempt says that is not the current one changes nothing (only that its sandbox is gone is heard).
 */
export function decide(task: TaskRecord, event: Event, circumstances: Circumstances): Decision {
  // Before the gate: of an attempt that is over not even the number of its last word is kept.
  if ('attempt' in event && event.type !== 'sandbox_gone' && event.attempt !== task.attempt) {
    return {
      kind: 'refused',
      code: 'attempt_stale',
      message: `attempt ${event.attempt} is over; ${task.attempt} is the current one`,
    };
  }
  const gate = GATE[task.lifecycle.state][event.type];
  if (gate === 'ignore') return { kind: 'unchanged' };
  if (gate !== 'accept')
    return { kind: 'refused', code: gate, message: `a task that is ${task.lifecycle.state} cannot take ${event.type}` };
  const handler = HANDLERS[event.type] as TransitionHandler<EventType>;
  const decision = handler(task, event, circumstances);
  if (decision.kind !== 'changed') return decision;
  return { ...decision, effects: [...decision.effects, ...consequences(task, decision.task)] };
}
