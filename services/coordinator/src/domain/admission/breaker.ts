import type { AgentKind, Breaker } from '@roundhouse/contracts';

/** A breaker that is not closed, as it is stored; instants in ms of Redis time. Lua reads `until`, `retryAt` and `trial`. */
export interface OpenBreaker {
  readonly openedAt: number;
  readonly reason: string;
  readonly reportedBy: string | null;
  /** When it closes by itself; null where nobody knows. */
  readonly until: number | null;
  /** When a trial is let in, where `until` is null. */
  readonly retryAt: number | null;
  readonly pauseMs: number;
  readonly trial: string | null;
  /** The report that opened it last: the same one heard again changes nothing. */
  readonly hitId: string;
}

export type BreakerState = Breaker['state'];
export type BreakerEvent =
  | {
      readonly type: 'hit';
      readonly id: string;
      readonly until: number | null;
      readonly reason: string;
      /** Null: an operator's word. */
      readonly taskId: string | null;
    }
  | { readonly type: 'closed' }
  | { readonly type: 'trial_passed'; readonly taskId: string }
  | { readonly type: 'trial_void'; readonly taskId: string }
  | { readonly type: 'time_passed' };

const MINUTE_MS = 60_000;
/** The first pause before a trial, the longest one, and how far ahead an agent's own word may shut its kind. */
export const BREAKER_TIMES = {
  firstPauseMs: MINUTE_MS,
  longestPauseMs: 30 * MINUTE_MS,
  longestWordMs: 1_440 * MINUTE_MS,
};

export function breakerState(breaker: OpenBreaker | null, nowMs: number): BreakerState {
  if (breaker === null) return 'closed';
  if (breaker.until !== null) return nowMs < breaker.until ? 'open' : 'closed';
  return nowMs < (breaker.retryAt ?? 0) ? 'open' : 'half_open';
}

type Cell = 'open' | 'prolong' | 'reopen' | 'close' | 'close_if_its' | 'free_if_its' | 'keep';

export const BREAKER_CELLS: Readonly<Record<BreakerState, Readonly<Record<BreakerEvent['type'], Cell>>>> = {
  closed: { hit: 'open', closed: 'close', trial_passed: 'close', trial_void: 'close', time_passed: 'close' },
  open: { hit: 'prolong', closed: 'close', trial_passed: 'keep', trial_void: 'keep', time_passed: 'keep' },
  half_open: {
    hit: 'reopen',
    closed: 'close',
    trial_passed: 'close_if_its',
    trial_void: 'free_if_its',
    time_passed: 'keep',
  },
};

/** What becomes of a breaker; null is closed. The same object where nothing changes. */
export function nextBreaker(breaker: OpenBreaker | null, event: BreakerEvent, nowMs: number): OpenBreaker | null {
  const cell = BREAKER_CELLS[breakerState(breaker, nowMs)][event.type];
  if (event.type === 'hit') {
    if (breaker?.hitId === event.id) return breaker;
    const pauseMs = cell === 'reopen' && breaker !== null ? longer(breaker.pauseMs) : BREAKER_TIMES.firstPauseMs;
    const opened = openedBy(event, pauseMs, nowMs);
    return cell === 'prolong' && breaker !== null ? later(breaker, opened) : opened;
  }
  if (cell === 'close') return null;
  const isIts = 'taskId' in event && breaker?.trial === event.taskId;
  if (cell === 'close_if_its' && isIts) return null;
  if (cell === 'free_if_its' && isIts && breaker !== null) return { ...breaker, trial: null };
  return breaker;
}

const longer = (pauseMs: number): number => Math.min(2 * pauseMs, BREAKER_TIMES.longestPauseMs);

function openedBy(
  { id, until, reason, taskId }: Extract<BreakerEvent, { type: 'hit' }>,
  pauseMs: number,
  nowMs: number,
): OpenBreaker {
  // An instant that is over already says nothing of when the quota is back.
  const ahead = until === null || until <= nowMs ? null : until;
  const bounded = ahead === null || taskId === null ? ahead : Math.min(ahead, nowMs + BREAKER_TIMES.longestWordMs);
  return {
    openedAt: nowMs,
    reason,
    reportedBy: taskId,
    until: bounded,
    retryAt: bounded === null ? nowMs + pauseMs : null,
    pauseMs,
    trial: null,
    hitId: id,
  };
}

/** While it is open, a report counts only for an instant that is later than what is known. */
function later(known: OpenBreaker, opened: OpenBreaker): OpenBreaker {
  if (opened.until === null || (known.until !== null && opened.until <= known.until)) return known;
  return { ...opened, openedAt: known.openedAt, pauseMs: known.pauseMs };
}

/** When time alone changes it next, ms; null where it does not. */
export function alarmOf(breaker: OpenBreaker | null, nowMs: number): number | null {
  const at = breaker?.until ?? breaker?.retryAt ?? null;
  return at !== null && at > nowMs ? at : null;
}

const instant = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());

export function breakerView(kind: AgentKind, breaker: OpenBreaker | null, nowMs: number): Breaker {
  const state = breakerState(breaker, nowMs);
  if (breaker === null || state === 'closed') {
    const none = { reason: null, openedAt: null, until: null, retryAt: null, reportedBy: null, trialTaskId: null };
    return { kind, state: 'closed', ...none };
  }
  return {
    kind,
    state,
    reason: breaker.reason,
    openedAt: instant(breaker.openedAt),
    until: instant(breaker.until),
    retryAt: instant(breaker.retryAt),
    reportedBy: breaker.reportedBy,
    trialTaskId: breaker.trial,
  };
}
