import type { Activity } from '@roundhouse/contracts';
import type { Dialog } from './dialog.ts';
import { cursorLine, type Screen } from './screen.ts';

/** What one settled screen of an agent shows of its activity. */
export interface Sighting {
  /** What stands in the place where one types; null: it is not shown. */
  readonly input: string | null;
  /** The words by which the program shows that it works; null: it does not show it. */
  readonly working: string | null;
  readonly dialog: Dialog | null;
}

export type Claim = Exclude<Activity['state'], 'booting' | 'unknown'>;

/** How the activity of one kind of agent is read where it does not report it: by what it is known to draw. */
export interface Signs {
  readonly look: (screen: Screen) => Sighting;
  /** What a title says; null: nothing. */
  readonly titleSays: (title: string) => Claim | null;
  /** Whether a screen without any sign of work is a sign that it waits. Not where it streams without one. */
  readonly idleByScreen: boolean;
  /** Whether it can be idle only once it has shown where one types: full-screen programs report before they listen. */
  readonly needsInput: boolean;
}

// The glyphs that shells and plain programs put before the place where one types.
const PROMPT_GLYPH = /(?:^|\s|[\w~\])}:/])(?:❯|>|\$|#) ?$/;

/** A program of which nothing is known: where the cursor stands behind a prompt glyph, it waits. */
export const PLAIN_SIGNS: Signs = {
  look: (screen) => ({ input: PROMPT_GLYPH.test(cursorLine(screen)) ? '' : null, working: null, dialog: null }),
  titleSays: () => null,
  idleByScreen: true,
  needsInput: false,
};
