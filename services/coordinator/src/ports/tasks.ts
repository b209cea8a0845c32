import type { TaskEventKind, TaskRecord } from '@roundhouse/contracts';
import type { Effect } from '../domain/events.ts';
import type { BoxChange, HostStir } from '../domain/notifications.ts';

export interface Commit {
  /** The version that was read: a commit upon any other is refused. 0 creates. */
  readonly expected: number;
  readonly task: TaskRecord;
  /** What to tell; empty where only bookkeeping changed. */
  readonly kinds: readonly TaskEventKind[];
  readonly effects: readonly Effect[];
  readonly prompt?: { readonly id: string; readonly text: string };
  /** The version of the coordinator's dependencies that the change was decided upon, where it is one of them. */
  readonly graph?: number;
  /** What becomes of its entry in its coordinator's notification box. */
  readonly box?: BoxChange;
  /** What becomes of the box of the coordinator that it hosts. */
  readonly stir?: HostStir;
}

/** What a commit that admits a task is held against. */
export interface AdmissionGate {
  /** How many tasks of all coordinators may have a place; null: no limit. */
  readonly most: number | null;
  /** Whether it may pass a breaker that is half open, and is the trial then. */
  readonly trial: boolean;
  /** True: it is refused where anybody waits for a place already, so that nobody is overtaken. */
  readonly afterOthers: boolean;
}

/** `stale`: another version is stored. All others but `committed`: why it was refused. */
export type AdmitResult =
  'committed' | 'stale' | 'not_its_turn' | 'paused' | 'no_place' | 'no_place_in_house' | 'budget' | 'quota';

/** Where tasks are kept. One commit is one atomic step of Redis: record, indexes, event and effects, or nothing. */
export interface TaskStore {
  read(taskId: string): Promise<TaskRecord | null>;
  /**
   * The record as this process read or wrote it last; null where it has none at hand. Another may be stored by now: a change can
   * be decided upon it, since its commit is held against the version, and nothing else can.
   */
  lastSeen(taskId: string): TaskRecord | null;
  /** False: another version is stored; read again and decide again. @throws RoundhouseError `budget_exhausted` (creation). */
  commit(commit: Commit): Promise<boolean>;
  /** The same; `remaining` right after it, of one instant. Null: another version is stored. */
  commitAndCount(commit: Commit): Promise<number | null>;
  /** Invariant I13: commits a change that admits the task in one step with the check that it may be, or nothing. */
  admit(commit: Commit, gate: AdmissionGate): Promise<AdmitResult>;
  promptTexts(taskId: string, promptIds: readonly string[]): Promise<string[]>;
  /** Newest first. `before` is the `next` of an earlier page; null: it is none of this list. */
  list(
    coordinatorId: string | null,
    before: string | null,
    limit: number,
  ): Promise<{ tasks: TaskRecord[]; next: string | null } | null>;
  /** Invariant I5, derived in every commit. */
  remaining(coordinatorId: string): Promise<number>;
  /**
   * The task with the oldest notice that may be handed out now, by the store's own clock, and `remaining`, both of one
   * instant. That it may be holds for as long as the task keeps the version it has.
   */
  nextNotice(coordinatorId: string): Promise<{ task: TaskRecord | null; remaining: number }>;
  /** Extends the lease of a live attempt. False: the attempt is over. */
  renewLease(taskId: string, attempt: number, ttlMs: number): Promise<boolean>;
  expiredLeases(limit: number): Promise<string[]>;
  /** The tasks whose attempt has run for as long as it may, the most overdue first. */
  overdue(nowMs: number, limit: number): Promise<string[]>;
  /** The tasks whose keyboard a person held until now, the oldest first. */
  expiredHolds(nowMs: number, limit: number): Promise<string[]>;
}
