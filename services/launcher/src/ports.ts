import type { Assignment, LauncherState, LimitKind, SandboxLimits, SandboxProfile } from '@roundhouse/contracts';

/** Names one attempt of one task. */
export interface AttemptRef {
  readonly taskId: string;
  readonly attempt: number;
}

/** What a sandbox needs to start. */
export interface StartOrder extends AttemptRef {
  readonly projectId: string;
  readonly assignment: Assignment;
  readonly runnerToken: string;
  /** The hub's objects folder, where the sandbox can read it. */
  readonly hubObjects: string | null;
  /** Where the worktree begins; what a prepared checkout is chosen by. */
  readonly baseCommit: string;
  /** Null: the launcher's own. */
  readonly image: string | null;
  readonly limits: SandboxLimits;
  /** What agents get on top of all others have: credentials of model providers. */
  readonly agentEnvironment: Readonly<Record<string, string>>;
}

/** A sandbox that is to run ahead of its attempt. */
export interface WarmOrder {
  /** A UUID that the caller made. */
  readonly warmId: string;
  readonly profile: SandboxProfile;
}

export interface WarmView extends WarmOrder {
  /** Its runner has said that it is ready for an attempt. */
  readonly isReady: boolean;
  /** When it was started, or made warm again, milliseconds since 1970; also of one from before a restart. */
  readonly createdAtMs: number;
}

/** Whether sandboxes can be started now; where not, why, in one sentence for a person. */
export type Readiness = { readonly ready: true } | { readonly ready: false; readonly reason: string };

/** What sandboxes run on is away or refuses: nothing is wrong with the attempt, and the same start may succeed later. */
export class SandboxesAwayError extends Error {
  override readonly name = 'SandboxesAwayError';
}

/** What a sandbox needs to save its work. */
export interface ArchiveOrder extends AttemptRef {
  readonly projectId: string;
  readonly ref: string;
  readonly token: string;
}

export interface SandboxView extends AttemptRef {
  /** `stopped`: its runner is gone, its folder is there. `removed`: its folder is out of the way, not yet deleted. */
  readonly state: 'running' | 'stopped' | 'removed';
}

export type ArchiveOutcome = { readonly outcome: 'archived' } | { readonly outcome: 'failed'; readonly reason: string };

/**
 * What isolates runners. Its handles are data that outlive the launcher, so a launcher that was killed finds its
 * sandboxes again and goes on with them.
 *
 * Order: `recover` once, before all else; then for each attempt `start` (or `startWarm` and `assign`), `end`, `archive`,
 * and either `remove` and `discard`, or `keep`.
 * Concurrency: calls for different attempts may run at once; those for one attempt come one after the other (the
 * caller's Lanes see to it), but for `list` and `windDown`, which may come at any time.
 * Idempotency: every call may come again after it was answered, or after a crash before it was. `start` of an attempt
 * whose runner lives is that one sandbox; `end`, `remove` and `discard` of what is gone do nothing.
 */
export interface Sandboxes {
  /** Finds what an earlier launcher left; deletes nothing that could be work. */
  recover(): Promise<SandboxView[]>;
  list(): Promise<SandboxView[]>;
  /**
   * Resolves when the runner's process runs and has got through the dearest part of its start, or after a bound. What an
   * earlier start of the same attempt left half made is replaced. Throws SandboxesAwayError where nothing is wrong with
   * the order, and the signal's reason; anything else that it throws is a reason for a person why this sandbox can never
   * start.
   */
  start(order: StartOrder, signal?: AbortSignal): Promise<void>;
  readiness(): Readiness;
  /** Makes ready what later starts of this profile will need (its image, a checkout of its head). Twice is fine. */
  prepare(profile: SandboxProfile, signal: AbortSignal): Promise<void>;
  /** Starts a sandbox without an attempt and without a secret; resolves when its runner is ready for one. */
  startWarm(order: WarmOrder, signal: AbortSignal): Promise<void>;
  /**
   * Those that no attempt was given to, also from before a restart. `recover` has ended those that are of no use any
   * more: whose runner is gone, does not answer, or is of an older version.
   */
  listWarm(): Promise<WarmView[]>;
  /**
   * Gives an attempt to a warm sandbox, which from then on is that attempt's. `taken`: the runner has proved that the
   * attempt is its own. `refused`: it has not within a moment, and what there was of it is gone, so that the attempt can
   * be started in another.
   */
  assign(warmId: string, order: StartOrder, signal: AbortSignal): Promise<'taken' | 'refused'>;
  /** Ends a warm sandbox and all of it. What is gone, or has an attempt by now, is left alone. */
  endWarm(warmId: string): Promise<void>;
  /**
   * Makes the sandbox of an attempt that is over a warm one again, with a fresh box; answers the new warm id, or null
   * where that cannot be (then it is ended and removed like any other). Only after `onIdle` named it, and only once its
   * work is archived: what it wrote is out of the way as after `remove`, and `discard` deletes it.
   */
  recycle(ref: AttemptRef): Promise<string | null>;
  /** Asks the runner to end by itself; resolves when it is gone or the signal aborts. */
  windDown(ref: AttemptRef, signal: AbortSignal): Promise<void>;
  /** Ends every process of it, whatever it does against it. Throws when one is left. */
  end(ref: AttemptRef): Promise<void>;
  /** The limit that it was killed for, as far as its sandbox can tell; null for any other end. Only after `end`. */
  limitHit(ref: AttemptRef): Promise<LimitKind | null>;
  /** Whether there may be work in it that is nowhere else. */
  hasWork(ref: AttemptRef): Promise<boolean>;
  /** Runs a runner in archive mode in it, at most 60 s. Only after `end`. */
  archive(order: ArchiveOrder, signal: AbortSignal): Promise<ArchiveOutcome>;
  /** Moves it out of the way at once. */
  remove(ref: AttemptRef): Promise<void>;
  /** Deletes what `remove` moved. */
  discard(ref: AttemptRef): Promise<void>;
  /** Where `keep` puts it. */
  keptPath(ref: AttemptRef): string;
  /** Takes it off the list without deleting anything. */
  keep(ref: AttemptRef): Promise<void>;
  /**
   * Calls `listener` when a runner that this launcher started has exited, with its exit code or the name of the signal.
   * A recovered one is seen by `list` only.
   */
  onExited(listener: (ref: AttemptRef, how: number | string) => void): void;
  /** Calls `listener` when a runner that is to be used again says that its attempt is over and that nothing of it runs. */
  onIdle(listener: (ref: AttemptRef) => void): void;
  /** Calls `listener` when `readiness` has changed. */
  onReadiness(listener: (readiness: Readiness) => void): void;
  /** Lets go of what watches (an engine's events, timers); no sandbox is touched. */
  close(): Promise<void>;
}

export type Claim =
  | {
      readonly outcome: 'claimed';
      readonly projectId: string;
      readonly assignment: Assignment;
      readonly runnerToken: string;
      readonly hubObjects: string | null;
      readonly baseCommit: string;
      readonly image: string | null;
      readonly limits: SandboxLimits;
    }
  /** A newer attempt, a closed task or an unknown one: there is nothing to start. */
  | { readonly outcome: 'obsolete'; readonly why: string };

export type ArchiveQuestion =
  | { readonly outcome: 'archived' }
  | { readonly outcome: 'needed'; readonly projectId: string; readonly ref: string; readonly token: string }
  | { readonly outcome: 'unknown' };

/**
 * The coordinator, as a launcher speaks to it. All calls are idempotent. What is not an outcome is thrown: the
 * coordinator is away or does not answer within 10 s, refuses our token or has a fault of its own, and the same call may
 * succeed later.
 */
export interface Attempts {
  claim(ref: AttemptRef, signal: AbortSignal): Promise<Claim>;
  wanted(
    refs: readonly AttemptRef[],
    signal: AbortSignal,
  ): Promise<readonly (AttemptRef & { want: 'run' | 'stop' | 'destroy'; stopSinceMs: number })[]>;
  archiveNeeded(ref: AttemptRef): Promise<ArchiveQuestion>;
  reportGone(
    ref: AttemptRef,
    words: { readonly kept: string | null; readonly reason: string | null; readonly limit: LimitKind | null },
  ): Promise<void>;
  /** Says how this launcher is; answers what to prepare for, the most likely first. */
  reportLauncher(state: LauncherState, signal: AbortSignal): Promise<readonly SandboxProfile[]>;
}

export interface SlotSpace {
  readonly diskMb: number;
  /** Whether `renew` can be called of it. Its box then belongs to root; the sandbox's user may write in it all the same. */
  readonly renewable?: boolean;
}

/**
 * Where containers keep what they write, outside of their engine: one slot a sandbox, found again by its name after a
 * restart of the launcher or of the host. `<root>/<slot>/` is the launcher's own; only `box` in it is shown to a sandbox.
 *
 * Concurrency: calls for different slots may run at once. Idempotency: every call may come again.
 */
export interface SlotStorage {
  /** `overlay` where mounts made here reach running containers, else `checkout`. */
  readonly worktrees: 'checkout' | 'overlay';
  /** Whether a box can hold no more than its `diskMb`. */
  readonly isDiskHeld: boolean;
  /** What cannot be done here and why, in one sentence for a person; null where all can be. */
  readonly note: string | null;
  /**
   * Makes the slot's space and answers the path of its box: an empty folder that belongs to the sandbox's user and can
   * hold `diskMb` at most, wherever the host allows that to be enforced.
   */
  make(slot: string, space: SlotSpace): Promise<string>;
  /** Mounts again what a restart of the host unmounted; answers the box, or null where there is no such slot. */
  reopen(slot: string): Promise<string | null>;
  /**
   * Lays a worktree over a prepared checkout, at `<box>/worktree`. Only where `worktrees` is `overlay`. One that is laid
   * already costs next to nothing; another checkout than before takes its place while nothing was written over it.
   */
  lay(slot: string, checkout: string): Promise<void>;
  /** Whether a worktree is laid there now. */
  isLaid(slot: string): Promise<boolean>;
  /** Whether `renew` can be done here at all: only where the launcher is root. */
  readonly canRenew: boolean;
  /**
   * Empties the box of a slot that was made renewable, while its container runs on, and gives its space back: nothing that
   * was written in it is in it any more, but for the sockets in `keep`. What cannot be deleted at once is a removed slot
   * called `remains`. No process may write in it. Throws where the box is not as it was made or cannot be emptied within
   * seconds; what was in it may be gone then too.
   */
  renew(slot: string, how: { readonly keep: readonly string[]; readonly remains: string }): Promise<void>;
  /** All slots, with those that are only to be discarded. */
  slots(): Promise<{ readonly slot: string; readonly isRemoved: boolean }[]>;
  /** Unmounts it and moves it out of the way at once. */
  remove(slot: string): Promise<void>;
  /** Deletes what `remove` moved. */
  discard(slot: string): Promise<void>;
  /** Where `keep` puts a slot's box. */
  keptPath(name: string): string;
  /** Sets a slot's box aside under that name, still readable, and takes it off the list. */
  keep(slot: string, name: string): Promise<void>;
  close(): Promise<void>;
}
