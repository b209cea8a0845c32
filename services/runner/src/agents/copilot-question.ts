import { type Dialog, dialogText, type TextPlace, withTextPlaces } from '../domain/dialog.ts';
import { isFilled, lastRow, type Screen } from '../domain/screen.ts';

/** A rule across the whole screen. Those inside of a form are indented. */
export const isRule = (line: string): boolean => /^─{20,}\s*$/u.test(line);
const isInnerRule = (line: string): boolean => /^ ─{10,}\s*$/u.test(line);

/** How a form ends, whatever is to be filled in; narrow terminals wrap it. */
const HINT = /\benter accept\b.*\besc cancel$/;
/** Several can be chosen of those that are ticked one by one. */
const OPTION = /^ ([❯ ]) (?:([•✓]) )?(\S.*)$/u;
const MAX_LABEL = 200;
const OWN_ANSWER = 'Other (type your answer)';
const IS_OWN_ANSWER = /^Other \(type your answer(?: below)?\)$/;
const TYPED = /^ ?❯ ?/u;

/** A form as it stands on the screen: what is above its field, the field, and the box below it for an answer of one's own. */
interface Form {
  readonly top: number;
  readonly field: { readonly first: number; readonly lines: readonly string[] };
  readonly own: readonly string[] | null;
}

/** A question of the model: one field of a form at a time, between rules, in place of the box in which one types. */
export function questionOf(screen: Screen): Dialog | null {
  const form = formOf(screen);
  return form === null ? null : (entryOf(screen, form) ?? choiceOf(screen, form) ?? acceptanceOf(screen, form));
}

function formOf(screen: Screen): Form | null {
  const { lines } = screen;
  const last = lastRow(screen, isFilled);
  if (!isRule(lines[last] ?? '')) return null;
  const above = lastRow(screen, (line, row) => row < last && isRule(line));
  // That box stands right under the form, and nothing below it: the box of prompts has neither.
  const hasOwn = above > 0 && isRule(lines[above - 1] ?? '') && TYPED.test(lines[above + 1] ?? '');
  const bottom = hasOwn ? above - 1 : last;
  const top = lastRow(screen, (line, row) => row < bottom && isRule(line));
  const block = (end: number): number =>
    1 + lastRow(screen, (line, row) => row < end && (!isFilled(line) || row <= top));
  const hint = block(bottom);
  const hintText = lines.slice(hint, bottom).map((line) => line.trim());
  if (!HINT.test(hintText.join(' '))) return null;
  const end = 1 + lastRow(screen, (line, row) => row < hint && isFilled(line));
  const first = Math.max(block(end), top + 1);
  return { top, field: { first, lines: lines.slice(first, end) }, own: hasOwn ? lines.slice(above + 1, last) : null };
}

/** All of the form above a row; where its top is cut off, of its field. */
const textAbove = ({ lines }: Screen, { top, field }: Form, row: number): string =>
  dialogText(lines.slice(top < 0 ? field.first : top + 1, row).map((line) => line.trim()));

const typedIn = (lines: readonly string[]): string => lines.map((line) => line.replace(TYPED, '').trim()).join(' ');

/** One of several, or some of them. What goes on with an option stands at the edge again. */
function choiceOf(screen: Screen, form: Form): Dialog | null {
  const begin = form.field.lines.findIndex((line) => OPTION.test(line));
  if (begin < 0) return null;
  const first = form.field.first + begin;
  const found: { row: number; isChosen: boolean; tick: string | undefined; label: string }[] = [];
  for (const [index, line] of form.field.lines.slice(begin).entries()) {
    const [, mark, tick, label] = OPTION.exec(line) ?? [];
    const before = found.at(-1);
    if (label !== undefined) found.push({ row: first + index, isChosen: mark === '❯', tick, label: label.trim() });
    else if (before !== undefined) before.label += ` ${line.trim()}`;
  }
  const chosen = found.flatMap(({ isChosen }, index) => (isChosen ? [index] : []));
  const selected = chosen.length === 1 ? (chosen[0] ?? null) : null;
  const option = found.length - 1;
  const takes = IS_OWN_ANSWER.test(found[option]?.label ?? '');
  const isOpen = takes && selected === option && form.own !== null;
  const place: TextPlace = { option, opensBy: '', label: OWN_ANSWER, lead: '', isOpen };
  const ticked = found.map(({ tick }) => tick === '✓');
  const dialog = asked(textAbove(screen, form, first), {
    options: found.map(({ label }) => label.slice(0, MAX_LABEL).toWellFormed()),
    selected,
    rows: found.map(({ row }) => row),
    drawn: found.map(({ label }, index) => (isOpen && index === option ? typedIn(form.own ?? []) : label)),
    ...(found.every(({ tick }) => tick !== undefined) ? { ticked } : {}),
  });
  return withTextPlaces(dialog, takes ? [place] : []);
}

/** Words and nothing else: its one option is called what the field is. */
function entryOf(screen: Screen, form: Form): Dialog | null {
  const { first, lines } = form.field;
  const begin = lines.findIndex((line) => isInnerRule(line));
  if (begin < 0 || !TYPED.test(lines[begin + 1] ?? '') || !isInnerRule(lines.at(-1) ?? '')) return null;
  const label = lines.slice(0, begin).find(isFilled)?.trim() ?? 'text';
  const dialog = asked(textAbove(screen, form, first + begin), {
    options: [label],
    selected: 0,
    rows: [first + begin + 1],
    drawn: [typedIn(lines.slice(begin + 1, -1))],
  });
  return withTextPlaces(dialog, [{ option: 0, opensBy: '', label, lead: '', isOpen: true }]);
}

/** Nothing to fill in: it is accepted. */
const acceptanceOf = (screen: Screen, form: Form): Dialog =>
  asked(textAbove(screen, form, form.field.first + form.field.lines.length), {
    options: ['accept'],
    selected: 0,
    rows: [form.field.first],
    drawn: ['accept'],
  });

const asked = (
  text: string,
  choice: Pick<Dialog, 'options' | 'selected' | 'rows' | 'drawn'> & Partial<Pick<Dialog, 'ticked'>>,
): Dialog => ({ kind: 'question', text, layout: 'list', textOptions: [], typing: null, ...choice });
