import {
  type Dialog,
  kindOf,
  lastOptionRow,
  numberedDialog,
  type TextPlace,
  withTextPlaces,
} from '../domain/dialog.ts';
import { isFilled, lastRow, type Screen } from '../domain/screen.ts';

/** What stands in the line under the options. */
const HINT = /\benter to select\b/;
const TOP = /^\s?╭─/u;
const BOTTOM = /^\s?╰─/u;
const SIDES = /^\s?│|│\s*$/gu;
/** Where the top does not fit on the screen, all moves up while one types: so many rows above the options stay in sight. */
const ROWS_OF_CUT = 9;

/** The last option of most permissions: standing there one types right into it. Enter does nothing where nothing is typed. */
const REFUSAL = 'No, and tell Copilot what to do differently';
const YES = /^Yes\b/;
const ESCAPE = '\u001b';
/** Like it, but for what is off unless it is asked for: what is typed there cannot be told from what is typed into the other. */
const OTHER_REFUSAL = /^(?:No, and tell Copilot why|Something else, and)/;
/** Behind what is typed, in a column of its own that wraps too. */
const STOPS = /❯\s?\d+\. .*\(Esc(?: to(?: stop\))?)?\s*│?\s*$/u;

/**
 * Permissions, and the trust in a folder: a frame at the lower end of the screen, in place of the box in which one types. Where a
 * frame is quoted, that box is below it.
 */
export function permissionOf(screen: Screen): Dialog | null {
  const last = screen.lines.findLast(isFilled) ?? '';
  // What is typed pushes the lower edge off the screen.
  if (!BOTTOM.test(last) && !(HINT.test(last) && /^\s?│/u.test(last))) return null;
  const top = lastRow(screen, (line) => TOP.test(line));
  const stops = lastRow(screen, (line, row) => row > top && STOPS.test(line));
  const shown = stops < 0 ? screen : withoutColumn(screen, stops, (screen.lines[stops] ?? '').lastIndexOf(' (Esc'));
  const whole = listOf(shown);
  if (whole === null || !shown.lines.slice(lastOptionRow(whole)).some((line) => HINT.test(line))) return null;
  const first = whole.rows[0] ?? 0;
  const dialog = top < 0 ? listOf(from(first - ROWS_OF_CUT, shown)) : whole;
  if (dialog === null) return null;
  const asked = withTextPlaces(dialog, placeFor(dialog, stops));
  // What a command says of logging in makes no login of it.
  return { ...asked, kind: YES.test(asked.options[0] ?? '') ? 'permission' : kindOf(asked.text, '') };
}

const listOf = (screen: Screen): Dialog | null =>
  numberedDialog(screen, { selector: '❯', bare, beginsBelow: (line) => TOP.test(line) });

/** Without the frame, the selector apart from the number, and what goes on with an option as far in as its text. */
const bare = (line: string): string =>
  line
    .replace(SIDES, '')
    .replace(/^(\s*❯)(?=\d)/u, '$1 ')
    .replace(/^ {3,5}(?=\S)(?!\d+\. )/, ' '.repeat(8))
    .trimEnd();

const from = (first: number, screen: Screen): Screen => ({
  ...screen,
  lines: screen.lines.map((line, row) => (row < first ? '' : line)),
});

/** The rows from this one to the next empty one lose what stands from a column on. */
function withoutColumn(screen: Screen, first: number, column: number): Screen {
  const rows = screen.lines.slice(first).findIndex((line) => !isFilled(line.replace(SIDES, '')));
  const end = rows < 0 ? Infinity : first + rows;
  return {
    ...screen,
    lines: screen.lines.map((line, row) => (row < first || row >= end ? line : line.slice(0, column))),
  };
}

/** @param stops the row that says how to stop behind the option that is chosen; -1: none does */
function placeFor({ options, rows, selected }: Dialog, stops: number): TextPlace[] {
  const option = options.length - 1;
  const label = options[option] ?? '';
  const isOpen = selected === option && stops === rows[option];
  if (!label.startsWith(REFUSAL) && (!isOpen || OTHER_REFUSAL.test(label))) return [];
  return [{ option, opensBy: '', emptyBy: ESCAPE, label: REFUSAL, lead: '', isOpen }];
}
