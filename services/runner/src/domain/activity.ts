import type { Activity } from '@roundhouse/contracts';
import type { ProgramStatus } from './program-status.ts';

/** An activity without its instant: what is compared to tell a change. */
export type Reading = Omit<Activity, 'at'>;

/** What the detector knows: the program's own word, and whether the screen ends in a prompt glyph. */
export interface Evidence {
  readonly status: ProgramStatus | null;
  /** Null before anything was printed. */
  readonly cursorLine: string | null;
}

export const NO_EVIDENCE: Evidence = { status: null, cursorLine: null };

// The glyphs that shells and agents put before the place where one types.
const PROMPT_GLYPH = /(?:^|\s|[\w~\])}:/])(?:❯|>|\$|#) ?$/;

/**
 * Reads the activity off the evidence, the program's own word first, then the screen. Silence is not evidence: nothing
 * here ever turns "no output" into idle.
 */
export function readActivity({ status, cursorLine }: Evidence): Reading {
  switch (status?.state) {
    case 'working':
      return { state: 'busy', evidence: 'status', question: null };
    case 'blocked':
      return { state: 'waiting_input', evidence: 'status', question: status.question };
    // An agent that reports an error has stopped working and takes a prompt again.
    case 'idle':
    case 'done':
    case 'error':
      return { state: 'idle', evidence: 'status', question: null };
    case 'clear':
    case undefined:
      return ofScreen(cursorLine);
  }
}

function ofScreen(cursorLine: string | null): Reading {
  if (cursorLine === null) return { state: 'booting', evidence: 'none', question: null };
  if (PROMPT_GLYPH.test(cursorLine)) return { state: 'idle', evidence: 'screen', question: null };
  return { state: 'unknown', evidence: 'none', question: null };
}

export const sameReading = (a: Reading, b: Reading): boolean =>
  a.state === b.state && a.evidence === b.evidence && JSON.stringify(a.question) === JSON.stringify(b.question);
