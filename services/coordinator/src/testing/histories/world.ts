import { randomUUID } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import {
  DEFAULT_LIMITS,
  DEFAULT_NOTIFICATION_SETTINGS,
  NO_BUDGET,
  type PlacedEvent,
  RoundhouseError,
  type RunnerEvent,
  type TaskRecord,
} from '@roundhouse/contracts';
import type { Redis } from 'ioredis';
import { pino } from 'pino';
import { createRedisRegistry } from '../../adapters/redis/redis-registry.ts';
import type { Caller } from '../../handlers/deps.ts';
import type { EventFeed } from '../../ports/events.ts';
import { FaultError } from './faulty-connection.ts';
import { indexFaults } from './index-faults.ts';
import { invariantFaults } from './invariants.ts';
import { HubFailure, newLedger } from './memory-hub.ts';
import { type PlayedProcess, type Surroundings, startPlayedProcess } from './played-process.ts';
import { type Snapshot, takeSnapshot } from './snapshot.ts';

export const PROCESSES = 3;
const log = pino({ level: 'silent' });

/** A runner as the history plays it: what it was given, and what it said that nobody has acknowledged. */
export interface RunnerPart {
  readonly taskId: string;
  readonly attempt: number;
  readonly coordinatorId: string;
  readonly subtaskToken: string;
  readonly doneToken: string;
  /** What was sent and not acknowledged, in order. */
  readonly unacknowledged: NumberedEvent[];
  /** What was acknowledged last. */
  last: NumberedEvent | null;
  /** The record as its link has seen it last. */
  seen: TaskRecord | null;
  seq: number;
}

export interface NumberedEvent {
  readonly seq: number;
  readonly event: RunnerEvent;
}

export interface Reader {
  cursor: string | null;
  readonly events: PlacedEvent[];
  /** One at a time: it goes on from what it was given. */
  reading?: boolean;
}

/** What clients, launchers and runners know: all that outlives every process of ours but the store itself. */
export interface Known {
  readonly runners: RunnerPart[];
  /** The tasks that a key has made, by the key. */
  readonly keyed: Map<string, Set<string>>;
  /** Notices that a client received in a claim of its own, and those that a client acknowledged. */
  readonly received: Set<string>;
  readonly acknowledged: Set<string>;
  /** The waits that were answered with a notice: asked again they answer the same. */
  readonly replayable: Set<string>;
  /** The last cursor that a coordinator's wait answered with. */
  readonly cursors: Map<string, string>;
  /** One reader of each coordinator's events, and all that it was given. */
  readonly readers: Map<string, Reader>;
  commits: number;
}

interface OpenCall {
  readonly gone: AbortController;
  done: boolean;
}

export type Work<T> = (process: PlayedProcess, client: Pick<Caller, 'signal' | 'onUndelivered'>) => Promise<T>;

export interface CallOptions<T> {
  /** False: it may stand open, and goes on behind later steps. */
  readonly bounded?: boolean;
  /** The answer is lost on its way to the client, after it was made. */
  readonly undelivered?: boolean;
  readonly answered?: (answer: T) => void;
  readonly refused?: (error: RoundhouseError) => void;
}

/** Several processes on one Redis, what the world outside knows, and what was wrong so far. */
export class World {
  readonly owners: readonly string[];
  readonly projectId: string;
  readonly known: Known = {
    runners: [],
    keyed: new Map(),
    received: new Set(),
    acknowledged: new Set(),
    replayable: new Set(),
    cursors: new Map(),
    readers: new Map(),
    commits: 0,
  };
  readonly around: Surroundings;
  readonly calls = new Set<OpenCall>();
  readonly faults: string[] = [];
  /** How often each effect was handed out. */
  readonly tries = new Map<string, number>();
  /** How calls came out: answered, a code of the table, broken off by a fault. */
  readonly outcomes = new Map<string, number>();
  snapshot: Snapshot;
  readonly #redis: Redis;
  readonly #subscriber: Redis;
  readonly #processes: PlayedProcess[];
  readonly #clock: { ms: number };
  readonly #allowed = new Map<string, ReadonlySet<string>>();
  readonly #nothingLive = new Set<string>();
  #bounded: Promise<void>[] = [];

  private constructor(parts: WorldParts) {
    this.#redis = parts.redis;
    this.#subscriber = parts.subscriber;
    this.#processes = parts.processes;
    this.#clock = parts.clock;
    this.around = parts.around;
    this.owners = parts.owners;
    this.projectId = parts.projectId;
    this.snapshot = parts.snapshot;
  }

  static async create(connections: Connections, maxRunning: number | null): Promise<World> {
    const { redis, feed } = connections;
    await redis.flushall();
    const clock = { ms: Date.now() };
    const around: Surroundings = {
      redis,
      feed,
      maxRunning,
      log,
      traffic: { sent: 0, open: 0 },
      hub: newLedger(),
      jobs: new Set(),
      // Each look at it is a millisecond later, so that what happens later is later.
      nowMs: () => (clock.ms += 1),
    };
    const owners = [randomUUID(), randomUUID()];
    const projectId = randomUUID();
    await enter(redis, projectId, owners, new Date(clock.ms).toISOString());
    const processes = await Promise.all(Array.from({ length: PROCESSES }, () => startPlayedProcess(around, 0)));
    const snapshot = await takeSnapshot(redis, owners);
    return new World({ ...connections, around, owners, projectId, clock, processes, snapshot });
  }

  /** Nothing may come of this step for the task, but in the fields that are named. Holds for a step that is alone. */
  mayChange(taskId: string, fields: readonly (keyof TaskRecord)[]): void {
    this.#allowed.set(taskId, new Set([...fields, 'version', 'updatedAt']));
  }

  mustNotChange(taskId: string): void {
    this.#allowed.set(taskId, new Set());
  }

  /** A wait was told that nothing can come any more. */
  saidNothingLive(owner: string): void {
    this.#nothingLive.add(owner);
  }

  owner(index: number): string {
    return this.owners[index % this.owners.length] as string;
  }

  /** What is in the queue for launchers, `task attempt`. */
  openJobs(): string[] {
    const claimed = new Set(this.known.runners.map(({ taskId, attempt }) => `${taskId} ${attempt}`));
    return [...this.around.jobs].filter((name) => !claimed.has(name));
  }

  /**
   * Time passes for everybody; it may also be set back. Redis’s clock cannot be moved: what is moved is what it is held to, as
   * far as it is still there, for a step that goes on may have removed it since the snapshot.
   */
  async passTime(ms: number): Promise<void> {
    this.#clock.ms += ms;
    const moved = this.#redis.multi();
    for (const id of this.snapshot.leases.keys()) moved.zadd('{rh}:leases', 'XX', 'INCR', -ms, id);
    for (const { id: owner, notices } of this.snapshot.coordinators)
      for (const id of notices.keys()) moved.zadd(`{rh}:coordinator:${owner}:notices`, 'XX', 'INCR', -ms, id);
    await moved.exec();
  }

  /** The process of a place; one that has crashed is followed by a fresh one there. */
  async process(place: number): Promise<PlayedProcess> {
    const index = place % PROCESSES;
    const known = this.#processes[index] as PlayedProcess;
    if (!known.connection.crashed) return known;
    known.gone.abort();
    const next = await startPlayedProcess(this.around, known.skewMs);
    this.#processes[index] = next;
    return next;
  }

  async heal(): Promise<void> {
    for (let place = 0; place < PROCESSES; place += 1) (await this.process(place)).connection.disarm();
    this.around.hub.outcomes.clear();
  }

  /**
   * Begins a call and does not wait for it. What a process that is gone would have answered nobody hears; anything but a
   * typed error or the failure that was planted is a fault.
   */
  call<T>(process: PlayedProcess, work: Work<T>, options: CallOptions<T> = {}): OpenCall {
    const undo: (() => Promise<void>)[] = [];
    const open: OpenCall = { gone: new AbortController(), done: false };
    const signal = AbortSignal.any([open.gone.signal, process.gone.signal]);
    const run = async (): Promise<void> => {
      try {
        const answer = await work(process, { signal, onUndelivered: (step) => void undo.push(step) });
        if (process.connection.crashed) return this.#count('crashed');
        this.#count('answered');
        if (options.undelivered === true || open.gone.signal.aborted) for (const step of undo) await step();
        else options.answered?.(answer);
      } catch (error) {
        if (process.connection.crashed) return this.#count('crashed');
        if (error instanceof FaultError || error instanceof HubFailure) return this.#count('broken off');
        if (error instanceof RoundhouseError) {
          this.#count(`refused ${error.code}`);
          options.refused?.(error);
        } else
          this.faults.push(`a call failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
      } finally {
        open.done = true;
        this.calls.delete(open);
      }
    };
    this.calls.add(open);
    const running = run();
    if (options.bounded !== false) this.#bounded.push(running);
    return open;
  }

  #count(outcome: string): void {
    this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1);
  }

  /** Waits until every bounded call is over and the others do nothing but wait. */
  async quiet(): Promise<void> {
    while (this.#bounded.length > 0) await Promise.all(this.#bounded.splice(0));
    for (;;) {
      const { sent } = this.around.traffic;
      // What was published before this answer has been handed to every listener.
      await this.#subscriber.ping();
      for (let turns = 0; turns < 4; turns += 1) await turn();
      if (this.around.traffic.open === 0 && this.around.traffic.sent === sent) return;
    }
  }

  /**
   * Reads the store, holds it against what it was before and against every invariant, and throws what is wrong. `alone`:
   * nothing but one step was under way since the last time.
   */
  async check(alone: boolean): Promise<void> {
    const before = this.snapshot;
    this.snapshot = await takeSnapshot(this.#redis, this.owners);
    const faults = [
      ...this.faults,
      ...indexFaults(this.snapshot),
      ...invariantFaults(before, this.snapshot, this.around),
      ...(alone ? this.#aloneFaults(before) : []),
    ];
    this.#allowed.clear();
    this.#nothingLive.clear();
    if (faults.length > 0) throw new Error(faults.join('\n'));
  }

  #aloneFaults(before: Snapshot): string[] {
    const faults: string[] = [];
    for (const [taskId, allowed] of this.#allowed) {
      const [was, is] = [before.tasks.get(taskId)?.record, this.snapshot.tasks.get(taskId)?.record];
      if (was === undefined || is === undefined) continue;
      const changed = (Object.keys(is) as (keyof TaskRecord)[]).filter(
        (field) => !allowed.has(field) && !isDeepStrictEqual(is[field], was[field]),
      );
      if (changed.length > 0)
        faults.push(`${allowed.size === 0 ? 'I1' : 'I11'}: ${taskId} changed in ${changed.join()}`);
    }
    for (const owner of this.#nothingLive) {
      const stored = this.snapshot.coordinators.find(({ id }) => id === owner);
      const waiting = [...(stored?.notices.keys() ?? [])].filter((id) => {
        const delivery = this.snapshot.tasks.get(id)?.record.delivery;
        // What another waiter had in its hands at that moment, and gave back, was not pending then.
        return delivery?.state === 'pending' && !delivery.returned;
      });
      if ((stored?.unsettled.size ?? 0) > 0 || waiting.length > 0)
        faults.push(`I4: a wait was told that nothing is left, while ${waiting.length} notices are pending`);
    }
    return faults;
  }

  async end(): Promise<void> {
    for (const { gone } of this.calls) gone.abort();
    await this.quiet();
  }
}

export interface Connections {
  readonly redis: Redis;
  readonly subscriber: Redis;
  readonly feed: EventFeed;
}

interface WorldParts extends Connections {
  readonly around: Surroundings;
  readonly owners: readonly string[];
  readonly projectId: string;
  readonly clock: { ms: number };
  readonly processes: PlayedProcess[];
  readonly snapshot: Snapshot;
}

/** The project and its coordinators, before anything happens. */
async function enter(redis: Redis, projectId: string, owners: readonly string[], createdAt: string): Promise<void> {
  const registry = await createRedisRegistry(redis);
  await registry.addProject({
    id: projectId,
    name: 'a project',
    source: null,
    defaultBranch: 'main',
    defaultAgent: { kind: 'scripted' },
    author: { name: 'A', email: 'a@example.org' },
    image: null,
    limits: { ...DEFAULT_LIMITS, attempts: 3 },
    gitUrl: 'http://127.0.0.1:1/git/x.git',
    createdAt,
  });
  const more = {
    createdAt,
    maxRunning: null,
    paused: null,
    budget: NO_BUDGET,
    notifications: DEFAULT_NOTIFICATION_SETTINGS,
    hostTaskId: null,
  };
  for (const id of owners) await registry.addCoordinator({ id, name: 'x', projectId, ...more });
}
