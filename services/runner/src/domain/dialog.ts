import type { Question } from '@roundhouse/contracts';
import type { Screen } from './screen.ts';

/** A dialog as one screen shows it. Everything in it is the agent's text: untrusted and bounded. */
export interface Dialog {
  readonly kind: Question['kind'];
  readonly text: string;
  readonly options: readonly string[];
  /** Which option the selector stands at, from 0; null where the screen does not say. */
  readonly selected: number | null;
  /** How one moves from option to option: up and down, or left and right. */
  readonly layout: 'list' | 'row';
  /** The row of each option: whatever is drawn below the last one is no part of the dialog. */
  readonly rows: readonly number[];
  /** The options that take text, and what is pressed to open the place for it; none, where standing there is enough. */
  readonly textOptions: readonly TextOption[];
  /** All that is drawn of each option. */
  readonly drawn: readonly string[];
  /** The place for text that is open, and what stands there, without white space: a hint, or what was typed. Null: none is. */
  readonly typing: { readonly option: number; readonly shows: string } | null;
  /** Which options are ticked, where several can be and Enter enters those; without it Enter takes the one that is selected. */
  readonly ticked?: readonly boolean[];
}

export interface TextOption {
  readonly option: number;
  readonly opensBy: '' | '\t' | '\r';
  /** What takes the option without any text, where Enter does nothing until there is some. */
  readonly emptyBy?: '\u001b';
}

const MAX_TEXT = 4_000;
const MAX_OPTIONS = 32;
const MAX_OPTION = 200;
/** The most rows above the options that are taken for the text of the dialog. */
const MAX_TEXT_ROWS = 30;

/** The most rows between two options: what is said of the first one. */
const MAX_BETWEEN_ROWS = 8;

const OPTION = /^(\s*)(?:(\S)\s+)?(\d{1,2})\.\s+(\S.*)$/u;

interface OptionRow {
  readonly row: number;
  readonly selector: string | null;
  readonly number: number;
  readonly label: string;
  /** Where the label begins; what is indented as far below it goes on with it. */
  readonly indent: number;
}

export interface ListRules {
  /** What stands before the option that is chosen; null: nothing does, it is told by colour. */
  readonly selector: string | null;
  /** Takes the frame off a line, where there is one. */
  readonly bare: (line: string) => string;
  /** Whether the dialog begins below this row (a rule, the top of a frame, the last message). */
  readonly beginsBelow: (line: string) => boolean;
}

/**
 * The numbered list that is lowest on the screen, with the text above it, where exactly one of its options is marked as chosen. Only
 * the caller can tell whether it is the program's own or one that is quoted: by what stands below it.
 */
export function numberedDialog(screen: Screen, { selector, bare, beginsBelow }: ListRules): Dialog | null {
  const lines = screen.lines.map(bare);
  const options: (OptionRow & { text: string })[] = [];
  let more: string[] = [];
  for (let row = lines.length - 1; row >= 0; row -= 1) {
    const line = lines[row] ?? '';
    const option = optionOf(line, row, selector);
    const next = options[0];
    if (option !== null && (next === undefined || option.number === next.number - 1)) {
      options.unshift({ ...option, text: [option.label, ...goesOn(more, option.indent)].join(' ') });
      more = [];
      if (option.number === 1) break;
    } else if (next === undefined) {
      more = line.trim() === '' ? [] : [line, ...more];
    } else if (more.length > MAX_BETWEEN_ROWS) {
      return null;
    } else {
      // A rule may set the last options apart.
      more.unshift(beginsBelow(screen.lines[row] ?? '') ? '' : line);
    }
  }
  const first = options[0];
  if (first?.number !== 1 || options.length > MAX_OPTIONS) return null;
  const chosen = options.flatMap(({ selector: mark }, index) => (mark === null ? [] : [index]));
  if (chosen.length !== (selector === null ? 0 : 1)) return null;
  const text = textAbove(screen, lines, first.row, beginsBelow);
  return {
    kind: kindOf(text, options[0]?.text ?? ''),
    text,
    options: options.map(({ text: label }) => cut(tidy(label), MAX_OPTION)),
    selected: chosen[0] ?? null,
    layout: 'list',
    rows: options.map(({ row }) => row),
    drawn: options.map(({ text: label }) => label),
    textOptions: [],
    typing: null,
  };
}

/** A place for text of a dialog, as its program draws it. */
export interface TextPlace extends TextOption {
  /** What the option is called without any text: what stands there instead may be what is typed. */
  readonly label: string;
  /** What of the option stays before the text. */
  readonly lead: string;
  /** Whether text that is typed now goes there. */
  readonly isOpen: boolean;
}

/** The dialog with its places for text. Whatever is typed there, it stays the same dialog with the same options. */
export function withTextPlaces(dialog: Dialog, places: readonly TextPlace[]): Dialog {
  const open = places.find(({ isOpen }) => isOpen);
  return {
    ...dialog,
    options: dialog.options.map((label, index) => places.find(({ option }) => option === index)?.label ?? label),
    textOptions: places.map(({ option, opensBy, emptyBy }) => ({
      option,
      opensBy,
      ...(emptyBy === undefined ? {} : { emptyBy }),
    })),
    typing: open === undefined ? null : { option: open.option, shows: shownIn(dialog, open) },
  };
}

function shownIn({ drawn }: Dialog, { option, lead }: TextPlace): string {
  const shows = withoutSpace(drawn[option] ?? '');
  return shows.startsWith(withoutSpace(lead)) ? shows.slice(withoutSpace(lead).length) : shows;
}

/** Terminals wrap and pad: white space is not compared. */
export const withoutSpace = (text: string): string => text.replace(/\s+/g, '');

function optionOf(line: string, row: number, selector: string | null): OptionRow | null {
  const [, , mark, number, label] = OPTION.exec(line) ?? [];
  if (number === undefined || label === undefined) return null;
  if (mark !== undefined && mark !== selector) return null;
  return { row, selector: mark ?? null, number: Number(number), label, indent: line.length - label.length };
}

const goesOn = (lines: readonly string[], indent: number): string[] => {
  const text: string[] = [];
  for (const line of lines) {
    if (line.trim() === '' || line.search(/\S/) < indent) break;
    text.push(line.trim());
  }
  return text;
};

function textAbove(
  screen: Screen,
  lines: readonly string[],
  first: number,
  beginsBelow: (line: string) => boolean,
): string {
  const text: string[] = [];
  for (let row = first - 1; row >= 0 && first - row <= MAX_TEXT_ROWS; row -= 1) {
    if (beginsBelow(screen.lines[row] ?? '')) break;
    text.unshift((lines[row] ?? '').trim());
  }
  return dialogText(text);
}

/** Lines as the text of a dialog: without what only draws lines, and no longer than a question may be. */
export const dialogText = (lines: readonly string[]): string =>
  cut(
    lines
      .map((line) => line.replace(/^[─-▟▲▼\s]+$|^\s*│|│\s*$/gu, '').trim())
      .join('\n')
      .replace(/\n{2,}/g, '\n')
      .trim(),
    MAX_TEXT,
  );

const AUTH = /\b(?:log ?in|sign ?in|api key|authenticat\w+)\b/i;
const PERMISSION =
  /\b(?:allow|permission|proceed|approve|trust|grant|would you like to (?:run|make|apply)|action required)\b/i;

/** A permission lets the agent do something or not; anything else that it asks is a question. */
export const kindOf = (text: string, firstOption: string): Question['kind'] =>
  AUTH.test(text)
    ? 'auth'
    : PERMISSION.test(text) || /^(?:yes\b|allow\b)/i.test(firstOption)
      ? 'permission'
      : 'question';

/** A wide gap divides a label from what is said of it. */
const tidy = (text: string): string =>
  text
    .trim()
    .replace(/\s{2,}/g, ' — ')
    .replace(/\s+/g, ' ');

function cut(text: string, limit: number): string {
  const head = text.slice(0, limit);
  return head.isWellFormed() ? head : head.toWellFormed().slice(0, limit);
}

/** The row of the last option. */
export const lastOptionRow = ({ rows }: Dialog): number => rows.at(-1) ?? -1;

/** Whether two sightings are of one and the same dialog: all but which option is chosen. */
export const sameDialog = (a: Dialog | null, b: Dialog | null): boolean =>
  a === b || (a !== null && b !== null && a.text === b.text && a.options.join('\n') === b.options.join('\n'));
