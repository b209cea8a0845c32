import type {
  AuditCall,
  AuditEntry,
  ClientInfo,
  ConnectedClient,
  Coordinator,
  Identity,
  LauncherState,
  Project,
  SandboxProfile,
  TaskEvent,
  TaskEventKind,
  TaskRecord,
  TokenInfo,
} from '@roundhouse/contracts';
import type { Readable } from 'node:stream';
import type { Effect, LandResult } from './domain/events.ts';
import type { BoxChange, HostStir } from './domain/notifications.ts';

/** The instant and fresh ids, taken in as arguments so that the core stays pure. */
export interface Clock {
  /** ISO 8601, UTC, milliseconds. */
  now(): string;
  nextId(): string;
}

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
  /** False: another version is stored; read again and decide again. @throws RoundhouseError `budget_exhausted` (creation). */
  commit(commit: Commit): Promise<boolean>;
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

/** Effects that were committed and are to be executed: at least once each, by one process at a time. */
export interface Outbox {
  /** Hands out entries until aborted. An entry whose handler throws is handed out again, at most `maxTries` times. */
  drain(handle: (effect: Effect, tries: number) => Promise<void>, signal: AbortSignal): Promise<void>;
}

export interface AttemptQueue {
  /** Idempotent by task and attempt. */
  enqueue(taskId: string, attempt: number): Promise<void>;
}

export interface Registry {
  /** Answers the project that has the id from then on: an earlier one where there is one. */
  addProject(project: Project): Promise<Project>;
  project(id: string): Promise<Project | null>;
  projects(): Promise<Project[]>;
  addCoordinator(coordinator: Coordinator): Promise<void>;
  coordinator(id: string): Promise<Coordinator | null>;
  coordinators(): Promise<Coordinator[]>;
  /** Changes a coordinator and orders a look at who may start because of it, in one step; null where there is none. */
  changeCoordinator(id: string, change: (known: Coordinator) => Coordinator): Promise<Coordinator | null>;
}

/** What launchers say of themselves. A word counts for `LAUNCHER_TIMES.ttlMs` by Redis time, whatever any host's clock says. */
export interface Launchers {
  report(state: LauncherState): Promise<void>;
  /** Those whose word still counts, by host. */
  list(): Promise<LauncherState[]>;
}

/** What tasks ask of a sandbox, before their attempt is known. */
export type WantedProfile = Pick<SandboxProfile, 'projectId' | 'image' | 'limits'>;

/** The profiles that tasks asked for lately. A hint for whoever prepares ahead: what is lost of it costs time, not work. */
export interface RecentProfiles {
  touch(profile: WantedProfile, nowMs: number): Promise<void>;
  /** The last asked for first; none that nobody asked for within a day. */
  recent(nowMs: number, limit: number): Promise<WantedProfile[]>;
}

/** A token that is good now, and until when it is, where that is known: its own expiry, or its old secret's. */
export interface VerifiedToken {
  readonly info: TokenInfo;
  readonly goodUntil: string | null;
}

/**
 * Tokens by their ids: the secret is stored only as a SHA-256 hash, and compared in constant time. The store does not grow:
 * one that is over goes after a week, an attempt's with its task's close or after a month.
 */
export interface TokenStore {
  /** Returns the token's text, the only time that it is known. */
  issue(
    identity: Identity,
    label: string,
    expiresAt: string | null,
    doneToken?: string,
  ): Promise<{ token: string; info: TokenInfo }>;
  /** Registers a token made elsewhere (a secrets file). */
  adopt(token: string, label: string): Promise<void>;
  verify(token: string): Promise<VerifiedToken | null>;
  verifyDoneToken(tokenId: string, doneToken: string): Promise<boolean>;
  /** All but those of attempts. */
  list(): Promise<TokenInfo[]>;
  /** A new secret for the same token; the one before is good until the given instant, null: over at once. */
  rotate(
    id: string,
    previousUntil: string | null,
  ): Promise<{ token: string; info: TokenInfo } | 'absent' | 'over' | 'in_file'>;
  /** Idempotent; null where there is no such token. */
  revoke(id: string): Promise<TokenInfo | null>;
  /** Removes the tokens of a task's attempts. Idempotent. */
  forgetTask(taskId: string): Promise<void>;
}

/**
 * Tells that somebody's access may have changed, in whichever process it was changed. It says nothing more: who hears it
 * looks again. Also called where something may have been missed.
 */
export interface AccessFeed {
  onToken(tokenId: string, listener: () => void): () => void;
  onCoordinator(coordinatorId: string, listener: () => void): () => void;
}

/** Whether a coordinator's tokens are let in. `stop` and `start` are idempotent and keep the first instant. */
export interface CoordinatorAccess {
  /** Null: it is not stopped. */
  stoppedAt(coordinatorId: string): Promise<string | null>;
  /** When it was started again after a stop; null: it never was stopped. */
  startedAt(coordinatorId: string): Promise<string | null>;
  stop(coordinatorId: string, at: string): Promise<void>;
  start(coordinatorId: string, at: string): Promise<void>;
}

/** PINs that phones are paired with: one at a time a coordinator, never stored as they are. */
export interface Pairings {
  /** Takes the place of the one before. */
  open(
    coordinatorId: string,
    pairing: { readonly id: string; readonly salt: string; readonly hash: string },
    expiresAt: string,
  ): Promise<void>;
  /** The coordinators that have a pairing open, two at most. */
  openFor(nowMs: number): Promise<string[]>;
  /** Uses up one try, whatever comes of it. `tries` counts this one. */
  tryOnce(
    coordinatorId: string,
  ): Promise<{ id: string; salt: string; hash: string; tries: number } | 'locked' | 'none'>;
  /** True for the one who gets it. */
  take(coordinatorId: string, id: string): Promise<boolean>;
}

/** All calls, in one chain that many processes append to. */
export interface AuditLog {
  /** In this order, all or none, upon the head of the chain. The same array again after a failure is not kept twice. */
  append(calls: readonly AuditCall[]): Promise<void>;
  /** The oldest first, from the one after the given number. */
  page(after: number, limit: number): Promise<{ entries: AuditEntry[]; more: boolean }>;
  /** The latest first. */
  ofCoordinator(coordinatorId: string, limit: number): Promise<AuditEntry[]>;
}

/** Who is there. What is lost of it in a crash is wrong for a minute, and decides nothing. */
export interface Presence {
  clientSeen(coordinatorId: string, tokenId: string, info: ClientInfo, at: string): Promise<void>;
  /** The last seen first, those of the last day, 100 at most. */
  clients(coordinatorId: string, now: string): Promise<ConnectedClient[]>;
  waitBegan(coordinatorId: string, callId: string, nowMs: number): Promise<void>;
  waitEnded(coordinatorId: string, callId: string): Promise<void>;
  openWaits(coordinatorId: string, nowMs: number): Promise<number>;
}

/** The answer that a key stands for, once: the first request runs, later ones get its answer. */
export interface IdempotencyStore {
  begin(
    scope: string,
    fingerprint: string,
  ): Promise<
    | { readonly state: 'first' }
    | { readonly state: 'running' }
    | { readonly state: 'other_request' }
    | { readonly state: 'done'; readonly status: number; readonly body: string }
  >;
  finish(scope: string, fingerprint: string, status: number, body: string): Promise<void>;
  abandon(scope: string): Promise<void>;
}

export interface DiffPage {
  readonly text: string;
  readonly nextOffset: number | null;
  readonly files: { path: string; added: number | null; removed: number | null }[];
  readonly filesTotal: number;
}

/** The bare repositories. Git runs only with an explicit `--git-dir` of a hub, never where an agent can write. */
export interface Hubs {
  create(projectId: string, source: string, defaultBranch: string | null): Promise<{ defaultBranch: string }>;
  /** An empty hub to push to. Idempotent: a hub that is there stays as it is. */
  createEmpty(projectId: string, defaultBranch: string): Promise<void>;
  remove(projectId: string): Promise<void>;
  /** Takes what the source has by now, branch by branch, wherever that is a fast-forward; nothing in the hub is lost. */
  refresh(projectId: string, source: string): Promise<void>;
  objectsFolder(projectId: string): string;
  /** The commit of a branch, or null. */
  branch(projectId: string, name: string): Promise<string | null>;
  ref(projectId: string, ref: string): Promise<string | null>;
  mergeBase(projectId: string, one: string, other: string): Promise<string | null>;
  diff(projectId: string, base: string, commit: string, offset: number, signal: AbortSignal): Promise<DiffPage>;
  /** Invariant I6: at most once, on the named branch or not at all. One lane a project. */
  land(projectId: string, request: { commit: string; target: string; message: string }): Promise<LandResult>;
  /** Keeps a branch under an archive ref, then deletes it. Idempotent. Returns the archive refs of the task. */
  archiveTask(projectId: string, taskId: string, branch: string): Promise<string[]>;
}

/** The terminals' output, appended by byte offset under a cap. */
export interface Recordings {
  size(taskId: string, attempt: number): Promise<number>;
  append(taskId: string, attempt: number, offset: number, data: Buffer, skipped: number): Promise<number>;
  read(
    taskId: string,
    attempt: number,
    offset: number,
    length: number,
  ): Promise<{ data: Buffer; size: number; skipped: number }>;
}

/** `from`: the number of a line; `end`: the last lines; `screen`: the screen alone. */
export interface RenderOrder {
  readonly taskId: string;
  readonly attempt: number;
  readonly cols: number;
  readonly rows: number;
  readonly from: number | 'end' | 'screen';
  /** The most characters. */
  readonly limit: number;
}

/** Lines as a terminal shows them, each with its newline unless it goes on in the next one. They may have any character. */
export interface Rendering {
  readonly text: string;
  readonly firstLine: number;
  /** Where to go on: after what is here, or with what may still change where nothing follows now. */
  readonly nextLine: number;
  readonly lines: number;
  /** How many of the last lines may still change. */
  readonly unsettled: number;
  readonly more: boolean;
  /** Lines of a screen that did not fit. */
  readonly dropped: number;
}

/** Recordings as lines. The same bytes give the same lines, however they came; a line that scrolled off keeps its number. */
export interface Renderings {
  /** @throws RoundhouseError `output_not_rendered`. */
  render(order: RenderOrder): Promise<Rendering>;
}

export type GitService = 'git-upload-pack' | 'git-receive-pack';

/** What one request may do. `writableRef` is a full ref name, or a prefix that ends in `*`; null: nothing. */
export interface GitAccess {
  readonly writableRef: string | null;
  /** Whether it sees other tasks' branches and archives. */
  readonly seesAll: boolean;
  /** What no object of a push may hold: a POSIX extended regular expression. */
  readonly refused: string;
  /** Whether a push that is too large to be looked through is refused. */
  readonly strict: boolean;
}

export interface GitRequest {
  readonly projectId: string;
  readonly service: GitService;
  readonly access: GitAccess;
  /** The Git-Protocol header, where there is one. */
  readonly protocol: string | undefined;
  readonly signal: AbortSignal;
}

/** The hub over HTTP (gitprotocol-http(5)): one git process a request, bounded in number. */
export interface GitSmartHttp {
  /** The first request of an exchange: which refs there are. */
  advertise(request: GitRequest): { output: Readable };
  /** The second: the pack, either way. Resolves when git has begun. */
  exchange(request: GitRequest, input: Readable): Promise<{ output: Readable }>;
}
