import { plainLine, plainText } from '@roundhouse/contracts';
import pc from 'picocolors';

/** Where a command writes: answers on `out`, everything else on `err`. */
export interface Output {
  readonly colour: ReturnType<typeof pc.createColors>;
  /** The width of the terminal, or null where it is none. */
  readonly columns: number | null;
  line(text?: string): void;
  note(text: string): void;
  json(value: unknown): void;
  raw(text: string): void;
}

export function terminalOutput(colour: boolean): Output {
  const line = (text = ''): void => void process.stdout.write(`${text}\n`);
  return {
    colour: pc.createColors(colour),
    columns: process.stdout.isTTY ? process.stdout.columns : null,
    line,
    note: (text) => void process.stderr.write(`${text}\n`),
    json: (value) => line(JSON.stringify(value)),
    raw: (text) => void process.stdout.write(text),
  };
}

// eslint-disable-next-line no-control-regex -- colours are escape sequences
const COLOUR = /(\u001b\[[0-9;]*m)/g;

/** Text that an agent wrote, safe to print. */
export const printable = plainText;

/** One line of such text. */
export const oneLine = plainLine;

const width = (text: string): number => [...text.replace(COLOUR, '')].length;

/** Lays rows out in columns, the last one cut to the terminal's width. Cells may be coloured. */
export function table(rows: readonly (readonly string[])[], columns: number | null): string {
  const count = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: count }, (_, index) => Math.max(...rows.map((row) => width(row[index] ?? ''))));
  return rows
    .map((row) =>
      fit(
        row
          .map((cell, index) => pad(cell, widths[index] ?? 0))
          .join('  ')
          .trimEnd(),
        columns,
      ),
    )
    .join('\n');
}

const pad = (cell: string, to: number): string => cell + ' '.repeat(Math.max(0, to - width(cell)));

/** Cuts a line that may be coloured to a number of columns. */
export function fit(line: string, columns: number | null): string {
  if (columns === null || width(line) <= columns) return line;
  let left = Math.max(0, columns - 1);
  let cut = '';
  for (const part of line.split(COLOUR)) {
    if (part.startsWith('\u001b')) cut += part;
    else {
      const shown = [...part].slice(0, left).join('');
      left -= [...shown].length;
      cut += shown;
    }
  }
  return `${cut}…`;
}
