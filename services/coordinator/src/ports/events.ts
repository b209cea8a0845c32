import type { TaskEvent } from '@roundhouse/contracts';

export interface FeedEvent {
  readonly id: string;
  readonly event: TaskEvent;
}

/**
 * What has been committed, as it happens. One subscription a process, fanned out in memory. Delivery is at most once: a
 * listener is called with null where events may have been missed, and then reads the state again.
 */
export interface EventFeed {
  onCoordinator(coordinatorId: string, listener: (event: FeedEvent | null) => void): () => void;
  onTask(taskId: string, listener: (event: FeedEvent | null) => void): () => void;
}

/** Where to begin to read: with what comes next, or with the oldest event that is kept. */
export type EventStart = 'now' | 'oldest';

/**
 * What has been committed, in the order of the commits, for readers that go on from a place of their own. A place is a
 * text that this log gave out. Reading changes nothing: any number of readers, in any number of processes, see all.
 */
export interface EventLog {
  placeOf(coordinatorId: string, start: EventStart): Promise<string>;
  /**
   * The events right after a place, oldest first, at most `limit`; `end` where there are no more of them now. `expired`:
   * not all that followed the place is kept. `unknown`: the log never gave it out.
   */
  after(
    coordinatorId: string,
    place: string,
    limit: number,
  ): Promise<
    | { readonly kind: 'read'; readonly events: readonly FeedEvent[]; readonly end: boolean }
    | { readonly kind: 'expired' }
    | { readonly kind: 'unknown' }
  >;
}
