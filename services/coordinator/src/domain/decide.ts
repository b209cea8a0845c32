import type { ErrorCode, TaskEventKind, TaskRecord } from '@roundhouse/contracts';
import type { Effect, Event, EventOf, EventType } from './events.ts';
import { GATE } from './gate.ts';
import { HANDLERS } from './transitions.ts';

/** What a decision takes from outside: the instant, and ids that nobody else has. */
export interface Circumstances {
  readonly now: string;
  readonly nextId: () => string;
}

/** A changed task, not yet versioned, with what to tell and what to do. */
export interface Change {
  readonly kind: 'changed';
  readonly task: TaskRecord;
  readonly kinds: readonly TaskEventKind[];
  readonly effects: readonly Effect[];
}
export type Decision =
  | Change
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'refused'; readonly code: ErrorCode; readonly message: string };

export type TransitionHandler<T extends EventType> = (task: TaskRecord, event: EventOf<T>, circumstances: Circumstances) => Decision;

/**
 * The pure core: what becomes of a task when something happens. Everything that changes a task goes through here.
 * Invariant I1: what an attempt says that is not the current one changes nothing (only that its sandbox is gone is heard).
 */
export function decide(task: TaskRecord, event: Event, circumstances: Circumstances): Decision {
  const gate = GATE[task.lifecycle.state][event.type];
  if (gate === 'ignore') return { kind: 'unchanged' };
  if (gate !== 'accept') return { kind: 'refused', code: gate, message: `a task that is ${task.lifecycle.state} cannot take ${event.type}` };
  if ('attempt' in event && event.type !== 'sandbox_gone' && event.attempt !== task.attempt) {
    return { kind: 'refused', code: 'attempt_stale', message: `attempt ${event.attempt} is over; ${task.attempt} is the current one` };
  }
  const handler = HANDLERS[event.type] as TransitionHandler<EventType>;
  return handler(task, event, circumstances);
}
