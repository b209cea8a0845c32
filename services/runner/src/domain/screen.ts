/** What a terminal shows at one moment, as text. */
export interface Screen {
  readonly cols: number;
  /** One a row from the top, without the blanks at their ends. */
  readonly lines: readonly string[];
  readonly cursor: { readonly x: number; readonly y: number };
  /** The background of each cell of a row, as a number that is only good for telling two of them apart. */
  readonly shades: (row: number) => readonly number[];
}

/** A line as it was found, with the row that it stands in. */
export interface Row {
  readonly row: number;
  readonly text: string;
}

export const isFilled = (line: string): boolean => line.trim() !== '';

/** The rows that show something, from the top. */
export const filledRows = ({ lines }: Screen): Row[] =>
  lines.flatMap((text, row) => (isFilled(text) ? [{ row, text }] : []));

/** The last row that is what is asked for; -1: there is none. */
export const lastRow = ({ lines }: Screen, is: (text: string, row: number) => boolean): number =>
  lines.findLastIndex(is);

/** How many rows below `row` show something. */
export const filledBelow = (screen: Screen, row: number): number => screen.lines.slice(row + 1).filter(isFilled).length;

/** The text up to the cursor. */
export const cursorLine = ({ lines, cursor }: Screen): string => {
  const text = lines[cursor.y] ?? '';
  return text.length >= cursor.x ? text.slice(0, cursor.x) : text.padEnd(cursor.x);
};
