import { sameDialog, type Dialog } from './dialog.ts';
import type { ProgramStatus } from './program-status.ts';
import type { Claim, Sighting, Signs } from './signs.ts';

/** An Enter that was typed and that the program has not shown to have taken yet. Times in milliseconds. */
export interface Submitted {
  readonly at: number;
  /** When the program drew something for the first time since. */
  readonly drawnAt: number | null;
}

/** Everything that is known of what an agent does. */
export interface Evidence {
  readonly status: ProgramStatus | null;
  readonly title: string;
  readonly titleSays: Claim | null;
  /** Null before anything was drawn. */
  readonly sighting: Sighting | null;
  /** The dialog that was on the screen when the program last said that it works: what is left of it says nothing. */
  readonly leftover: Dialog | null;
  readonly submitted: Submitted | null;
  /** Whether something was typed that an Enter would submit. */
  readonly typing: boolean;
  /** Whether it was ever seen to take prompts, or to work, or to ask. */
  readonly booted: boolean;
}

export const NO_EVIDENCE: Evidence = {
  status: null,
  title: '',
  titleSays: null,
  sighting: null,
  leftover: null,
  submitted: null,
  typing: false,
  booted: false,
};

export type Observed =
  | { readonly type: 'status'; readonly status: ProgramStatus }
  | { readonly type: 'title'; readonly title: string }
  | { readonly type: 'screen'; readonly sighting: Sighting; readonly at: number }
  | { readonly type: 'typed'; readonly text: string; readonly at: number }
  | { readonly type: 'time'; readonly at: number };

const MAX_TITLE = 200;
/** For how long an Enter may go without an effect that shows, from when it was typed and from the next drawing on. */
const UNSEEN_MS = 5_000;
const SEEN_MS = 3_000;
/** For how long it is waited for a program that draws nothing at all after an Enter. */
const STILL_MS = 20_000;

/** Adds one observation. Pure: time comes with what was observed. */
export function note(evidence: Evidence, observed: Observed, signs: Signs): Evidence {
  switch (observed.type) {
    case 'status': {
      const { status } = observed;
      const works = status.state === 'working';
      return {
        ...evidence,
        status: status.state === 'clear' ? null : status,
        leftover: works ? (evidence.sighting?.dialog ?? null) : evidence.leftover,
        submitted: works || status.state === 'blocked' ? null : evidence.submitted,
      };
    }
    case 'title': {
      const title = observed.title.trim().slice(0, MAX_TITLE).toWellFormed();
      const titleSays = signs.titleSays(title);
      const starts = titleSays === 'busy' && evidence.titleSays !== 'busy';
      return {
        ...evidence,
        title,
        titleSays,
        leftover: starts ? (evidence.sighting?.dialog ?? null) : evidence.leftover,
        submitted: titleSays === 'busy' || titleSays === 'waiting_input' ? null : evidence.submitted,
      };
    }
    case 'screen': {
      const { sighting, at } = observed;
      const { leftover } = evidence;
      return {
        ...evidence,
        sighting,
        leftover: leftover !== null && sameDialog(leftover, sighting.dialog) ? leftover : null,
        submitted: stillSubmitted(evidence.submitted, sighting, at),
      };
    }
    case 'typed': {
      const dialog = evidence.sighting?.dialog ?? null;
      if (dialog !== null) return evidence;
      const { text, enter, more } = keysOf(observed.text);
      if (!enter) return { ...evidence, typing: evidence.typing || text };
      const submits = evidence.typing || text;
      return {
        ...evidence,
        typing: more,
        submitted: submits ? { at: observed.at, drawnAt: null } : evidence.submitted,
      };
    }
    case 'time': {
      const until = submittedUntil(evidence);
      return until !== null && observed.at >= until ? { ...evidence, submitted: null } : evidence;
    }
  }
}

function stillSubmitted(submitted: Submitted | null, { working, dialog }: Sighting, at: number): Submitted | null {
  if (submitted === null || working !== null || dialog !== null) return null;
  const drawn = { ...submitted, drawnAt: submitted.drawnAt ?? at };
  return at >= deadline(drawn) ? null : drawn;
}

const deadline = ({ at, drawnAt }: Submitted): number =>
  drawnAt === null ? at + STILL_MS : Math.min(Math.max(at + UNSEEN_MS, drawnAt + SEEN_MS), at + STILL_MS);

/** When an Enter without an effect stops counting as work; null: there is none. */
export const submittedUntil = ({ submitted }: Evidence): number | null =>
  submitted === null ? null : deadline(submitted);

/* eslint-disable no-control-regex -- keys are told by their control characters */
const PASTE = /\u001b\[200~([^]*?)\u001b\[201~/g;
const OTHER_KEYS = /\u001b(?:\[[0-?]*[ -/]*[@-~]|O.|.)?|[\u0000-\u000c\u000e-\u001f\u007f]/gs;
/* eslint-enable no-control-regex */

/** Whether there is text before an Enter, an Enter, and text after the last one. A line break in a paste is text. */
function keysOf(keys: string): { text: boolean; enter: boolean; more: boolean } {
  const parts = keys
    .replace(PASTE, (_, pasted: string) => pasted.replaceAll('\r', ' '))
    .replace(OTHER_KEYS, '')
    .split('\r');
  const more = parts.length > 1 && parts.at(-1) !== '';
  return { text: parts[0] !== '', enter: parts.length > 1, more };
}
