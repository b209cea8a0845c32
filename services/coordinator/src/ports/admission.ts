import type { AgentKind } from '@roundhouse/contracts';
import type { BreakerEvent, OpenBreaker } from '../domain/admission/breaker.ts';
import type { Head } from '../domain/admission/next-to-admit.ts';
import type { Breakers, Standing } from '../domain/admission/standing.ts';

/** What holds for everybody, of one instant of Redis time. */
export interface HouseState {
  readonly running: number;
  readonly breakers: Breakers;
  readonly nowMs: number;
}

export interface Waiting extends HouseState {
  /** The coordinators that have somebody in line, with the first of each line. */
  readonly coordinators: readonly {
    readonly id: string;
    readonly standing: Standing;
    readonly heads: readonly Head[];
  }[];
}

export interface Standings extends HouseState {
  readonly standings: ReadonlyMap<string, Standing>;
}

/** How many tasks of a coordinator are where. */
export interface TaskCounts {
  readonly created: number;
  readonly remaining: number;
  readonly dependencies: number;
  readonly failedDependency: number;
  readonly inLine: ReadonlyMap<AgentKind, number>;
}

/**
 * What admission reads of all tasks together; every commit of a task keeps it. Reads only, and of no task's record: none
 * costs more where there are more tasks. What is read may be over when it is acted upon: the commit checks again.
 */
export interface AdmissionIndex {
  /** Null: of all coordinators that have somebody in line. */
  waiting(coordinatorId: string | null): Promise<Waiting>;
  standings(coordinatorIds: readonly string[]): Promise<Standings>;
  counts(coordinatorId: string): Promise<TaskCounts>;
  /** The tasks that wait for this one. */
  dependants(taskId: string): Promise<string[]>;
  /** The version of the coordinator's dependencies: a change that was decided upon an older one is refused. */
  graph(coordinatorId: string): Promise<number>;
}

/** Quota breakers, one a kind of agent, alike for all processes. */
export interface BreakerStore {
  /** Those that are not closed by a word; time may have closed them. With the instant, ms of Redis time. */
  list(): Promise<{ breakers: Breakers; nowMs: number }>;
  /**
   * What an event makes of a breaker, in one step with its alarm and, where somebody may start because of it, the effect
   * that says so.
   */
  happen(kind: AgentKind, event: BreakerEvent): Promise<{ breaker: OpenBreaker | null; nowMs: number }>;
  /** The kinds whose breaker time alone has changed, until `happen` was called for them. */
  due(): Promise<AgentKind[]>;
}

/** Whether a value matches a JSON Schema. Each check has a bound on time and memory, and holds up nothing else. */
export interface SchemaCheck {
  /** Null: it can be held against values. Else why not, in one sentence. */
  fault(schema: Readonly<Record<string, unknown>>): Promise<string | null>;
  /** Empty: it matches. At most 20, the first ones. */
  issues(
    schema: Readonly<Record<string, unknown>>,
    value: unknown,
  ): Promise<{ readonly path: string; readonly message: string }[]>;
}
