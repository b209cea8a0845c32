/** What there is of one sandbox. */
export interface Observed {
  readonly taskId: string;
  readonly attempt: number;
  /** `removed`: its folder is out of the way, and it may not have been reported yet. */
  readonly state: 'running' | 'stopped' | 'removed';
  /** Something was done with it while it was looked at, or still is: what was seen may be old. */
  readonly busy: boolean;
  /** Nothing is tried before this time (milliseconds since 1970) because the last try failed; 0 where none did. */
  readonly retryAt: number;
}

/** What the coordinator wants of one. */
export interface Wanted {
  readonly taskId: string;
  readonly attempt: number;
  readonly want: 'run' | 'stop' | 'destroy';
  readonly stopSinceMs: number;
}

export type Action =
  | { readonly do: 'destroy'; readonly taskId: string; readonly attempt: number; readonly reason: string }
  | { readonly do: 'report'; readonly taskId: string; readonly attempt: number };

/** How long a runner may take to wind down by itself once it is asked to stop. */
export const STOP_GRACE_MS = 15_000;

/**
 * What to do so that what is becomes what should be; at most one action a sandbox. `wanted` is null while the
 * coordinator does not answer: then no live runner is touched, because nobody said that it should end. A sandbox that
 * the coordinator does not mention is left alone for the same reason.
 */
export function plan(observed: readonly Observed[], wanted: readonly Wanted[] | null, now: number): Action[] {
  const wants = new Map((wanted ?? []).map((entry) => [keyOf(entry), entry]));
  return observed.flatMap((sandbox) => {
    if (sandbox.busy || sandbox.retryAt > now) return [];
    const action = actionFor(sandbox, wants.get(keyOf(sandbox)));
    return action === null ? [] : [action];
  });
}

function actionFor({ taskId, attempt, state }: Observed, wanted: Wanted | undefined): Action | null {
  switch (state) {
    case 'removed':
      return { do: 'report', taskId, attempt };
    case 'stopped':
      return { do: 'destroy', taskId, attempt, reason: 'its runner has ended' };
    case 'running':
      return wanted === undefined ? null : actionForRunning(taskId, attempt, wanted);
  }
}

function actionForRunning(taskId: string, attempt: number, { want, stopSinceMs }: Wanted): Action | null {
  switch (want) {
    case 'run':
      return null;
    case 'destroy':
      return { do: 'destroy', taskId, attempt, reason: 'it is not wanted any more' };
    case 'stop':
      return stopSinceMs < STOP_GRACE_MS
        ? null
        : { do: 'destroy', taskId, attempt, reason: `its runner did not stop within ${STOP_GRACE_MS} ms` };
  }
}

const keyOf = ({ taskId, attempt }: { taskId: string; attempt: number }): string => `${taskId}-${attempt}`;
