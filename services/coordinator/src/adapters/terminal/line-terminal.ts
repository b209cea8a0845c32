import { refuseLongRepeats } from '@roundhouse/host';
import xterm from '@xterm/headless';
import { slicesOf } from './slices.ts';

/** One row of a terminal, as wide as its text; `wrapped`: it goes on with the row before it. */
export interface TerminalRow {
  readonly text: string;
  readonly wrapped: boolean;
}

/** Rows that a slice may scroll off at most (see slices.ts), and the scrollback that they are read from afterwards. */
const SLICE_ROWS = 1_900;
const SCROLLBACK_ROWS = 2_000;
/** Marks that pile up on one cell have no end; a row that is longer is cut, and says so. Characters. */
const MAX_ROW_CHARACTERS = 4_000;
/** The modes that show the other buffer, which nothing scrolls off. */
const OTHER_BUFFER: ReadonlySet<number> = new Set([47, 1_047, 1_049]);
/** Links (OSC 8) stand beside the text and not in it. */
const LINK = 8;

/**
 * A terminal without a window that remembers every row that has scrolled off its normal buffer, whoever wipes the
 * scrollback afterwards, until it is told to forget. How the bytes are cut into writes changes nothing of what it shows.
 */
export class LineTerminal {
  readonly #terminal: xterm.Terminal;
  readonly #cols: number;
  /** The terminal's own decoder loses characters that are cut between two writes. */
  readonly #utf8 = new TextDecoder('utf-8', { ignoreBOM: true });
  #rows: TerminalRow[] = [];
  #first = 0;
  /** Stands on a row that was taken before, so that its place tells how much has been trimmed since. */
  #marker: xterm.IMarker | undefined;
  /** Rows taken since the marked one. */
  #afterMarker = 0;

  constructor({ cols, rows }: { readonly cols: number; readonly rows: number }) {
    this.#cols = cols;
    this.#terminal = new xterm.Terminal({
      cols,
      rows,
      scrollback: SCROLLBACK_ROWS,
      allowProposedApi: true,
      // It would tell of each sequence that it does not know, on the console.
      logLevel: 'off',
    });
    const { parser } = this.#terminal;
    refuseLongRepeats(parser, { cols, rows });
    parser.registerCsiHandler({ final: 'J' }, ([what]) => what === 3);
    parser.registerEscHandler({ final: 'c' }, () => {
      this.#take();
      this.#marker = undefined;
      this.#afterMarker = 0;
      return false;
    });
    parser.registerCsiHandler({ prefix: '?', final: 'h' }, (modes) => {
      if (modes.some((mode) => OTHER_BUFFER.has(Number(mode)))) this.#take();
      return false;
    });
    parser.registerOscHandler(LINK, () => true);
  }

  async write(data: Uint8Array): Promise<void> {
    for (const slice of slicesOf(data, this.#cols, SLICE_ROWS)) {
      await new Promise<void>((resolve) => this.#terminal.write(this.#utf8.decode(slice, { stream: true }), resolve));
      this.#take();
    }
  }

  /** The number of the first row that is still remembered, and of the first one that may still change. */
  get first(): number {
    return this.#first;
  }
  get settled(): number {
    return Math.max(this.#first, this.#first + this.#rows.length - 1);
  }

  /** Rows that have scrolled off for good, from number `from` to before `settled`. Each ends as it is to be printed. */
  settledText(row: number): string {
    return this.#ending(this.#rows[row - this.#first], this.#rows[row - this.#first + 1]?.wrapped ?? false);
  }

  /**
   * What may still change, from number `settled` on: the row that scrolled off last (the one below says whether it goes on
   * there), and the screen without the blank rows at its end.
   */
  unsettledTexts(): string[] {
    const { active, normal } = this.#terminal.buffer;
    const screen = this.#screen(active);
    const below = normal.getLine(normal.baseY)?.isWrapped ?? false;
    const last = this.#rows.at(-1);
    const texts = screen.map((row, index) => this.#ending(row, screen[index + 1]?.wrapped ?? false));
    return last === undefined ? texts : [this.#ending(last, below && active.type === 'normal'), ...texts];
  }

  /** The screen alone, row by row. */
  screenTexts(): string[] {
    return this.#screen(this.#terminal.buffer.active).map((row) => `${row.text.trimEnd()}\n`);
  }

  forgetBefore(row: number): void {
    const count = Math.min(row - this.#first, this.#rows.length - 1);
    if (count <= 0) return;
    this.#rows = this.#rows.slice(count);
    this.#first += count;
  }

  close(): void {
    this.#terminal.dispose();
  }

  /** Takes the rows that have scrolled off since the last time. */
  #take(): void {
    const { normal, active } = this.#terminal.buffer;
    const from = this.#marker === undefined ? this.#afterMarker : this.#marker.line + 1 + this.#afterMarker;
    for (let row = from; row < normal.baseY; row += 1) this.#rows.push(rowOf(normal.getLine(row)));
    this.#afterMarker += Math.max(0, normal.baseY - from);
    // Markers are of the buffer that is shown, so one is set right before the other one is.
    if (active.type !== 'normal' || normal.baseY === 0) return;
    this.#marker?.dispose();
    this.#marker = this.#terminal.registerMarker(-normal.cursorY - 1);
    this.#afterMarker = 0;
  }

  #screen(buffer: xterm.IBuffer): TerminalRow[] {
    const rows = Array.from({ length: this.#terminal.rows }, (_, row) => rowOf(buffer.getLine(buffer.baseY + row)));
    return rows.slice(0, rows.findLastIndex(({ text }) => text.trim() !== '') + 1);
  }

  #ending(row: TerminalRow | undefined, goesOn: boolean): string {
    const text = row?.text ?? '';
    return goesOn ? text : `${text.trimEnd()}\n`;
  }
}

function rowOf(line: xterm.IBufferLine | undefined): TerminalRow {
  const text = line?.translateToString(true) ?? '';
  const more = text.length - MAX_ROW_CHARACTERS;
  return {
    text: more > 0 ? `${text.slice(0, MAX_ROW_CHARACTERS)} [${more} characters more]` : text,
    wrapped: line?.isWrapped ?? false,
  };
}
