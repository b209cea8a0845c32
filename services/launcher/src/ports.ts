/** Names one attempt of one task. */
export interface AttemptRef {
  readonly taskId: string;
  readonly attempt: number;
}

/** What a sandbox needs to start. */
export interface StartOrder extends AttemptRef {
  readonly projectId: string;
  readonly runnerToken: string;
  /** The hub's objects folder, where the sandbox can read it. */
  readonly hubObjects: string | null;
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
 * Order: `recover` once, before all else; then for each attempt `start`, `end`, `archive`, and either `remove` and
 * `discard`, or `keep`.
 * Concurrency: calls for different attempts may run at once; those for one attempt come one after the other (the
 * caller's Lanes see to it), but for `list` and `windDown`, which may come at any time.
 * Idempotency: every call may come again after it was answered, or after a crash before it was. `start` of an attempt
 * whose runner lives is that one sandbox; `end`, `remove` and `discard` of what is gone do nothing.
 */
export interface Sandboxes {
  /** Finds what an earlier launcher left; deletes nothing that could be work. */
  recover(): Promise<SandboxView[]>;
  list(): Promise<SandboxView[]>;
  /** Resolves when the runner's process runs and has got through the dearest part of its start, or after a bound. What an earlier start of the same attempt left half made is replaced. */
  start(order: StartOrder): Promise<void>;
  /** Asks the runner to end by itself; resolves when it is gone or the signal aborts. */
  windDown(ref: AttemptRef, signal: AbortSignal): Promise<void>;
  /** Ends every process of it, whatever it does against it. Throws when one is left. */
  end(ref: AttemptRef): Promise<void>;
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
}

export type Claim =
  | {
      readonly outcome: 'claimed';
      readonly projectId: string;
      readonly runnerToken: string;
      readonly hubObjects: string | null;
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
  reportGone(ref: AttemptRef, words: { readonly kept: string | null; readonly reason: string | null }): Promise<void>;
}
