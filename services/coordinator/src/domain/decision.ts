import type { ErrorCode, TaskEventKind, TaskRecord } from '@roundhouse/contracts';
import type { Effect, EventOf, EventType } from './events.ts';

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
  | {
      readonly kind: 'refused';
      readonly code: ErrorCode;
      readonly message: string;
      readonly details?: Readonly<Record<string, unknown>>;
    };

export type TransitionHandler<T extends EventType> = (
  task: TaskRecord,
  event: EventOf<T>,
  circumstances: Circumstances,
) => Decision;
