import { refuseLongRepeats } from '@roundhouse/host';
import xterm from '@xterm/headless';
import type { CursorPlace } from '../../ports.ts';
import {
  type ProgramStatus,
  STATUS_QUERY_ANSWER,
  isStatusQuery,
  parseProgramStatus,
} from '../../domain/program-status.ts';
import type { Screen } from '../../domain/screen.ts';
import type { EndTimer, Timers } from '../../ports.ts';

export interface TerminalListener {
  readonly onStatus: (status: ProgramStatus) => void;
  readonly onTitle: (title: string) => void;
  /** What the terminal answers to queries of the program: goes back into its input. */
  readonly onReply: (text: string) => void;
  readonly onSettled: () => void;
  /** True: more than HIGH_WATER bytes wait to be read into the model; false: few again. */
  readonly onPressure: (high: boolean) => void;
}

const PROGRAM_STATUS = 7501;
/** Only the screen is looked at; what has scrolled off is in the recording. */
const SCROLLBACK_LINES = 50;
const SETTLE_MS = 30;
/** For how long a frame that was begun (DEC mode 2026) is waited for before the screen is read as it is. */
const FRAME_MS = 1_000;
const FRAME_MODE = 2026;
/** While output does not stop, the screen is read at the end of a frame, this often at most. */
const LOOK_MS = 250;
const HIGH_WATER = 1024 * 1024;
const LOW_WATER = 128 * 1024;
const MAX_SCREEN_CHARACTERS = 20_000;

export interface TerminalSize {
  readonly cols: number;
  readonly rows: number;
}

/** One that nothing was printed in. To make one takes milliseconds. */
export const emptyTerminal = (size: TerminalSize): xterm.Terminal =>
  new xterm.Terminal({
    cols: size.cols,
    rows: size.rows,
    scrollback: SCROLLBACK_LINES,
    allowProposedApi: true,
    // It would tell of each sequence that it does not know, on the console.
    logLevel: 'off',
  });

/** A terminal without a window: takes the program's output, knows the screen, its modes and the program's own status. */
export class TerminalModel {
  readonly #terminal: xterm.Terminal;
  readonly #listener: TerminalListener;
  /** The terminal's own decoder loses characters that are cut between two writes. */
  readonly #utf8 = new TextDecoder('utf-8', { ignoreBOM: true });
  #pendingBytes = 0;
  #pressed = false;
  readonly #timers: Timers;
  #endSettleTimer: EndTimer = () => undefined;
  #lookedAt: number;
  #closed = false;

  constructor(
    size: TerminalSize,
    timers: Timers,
    listener: TerminalListener,
    terminal: xterm.Terminal = emptyTerminal(size),
  ) {
    this.#timers = timers;
    this.#lookedAt = timers.now();
    this.#listener = listener;
    this.#terminal = terminal;
    refuseLongRepeats(this.#terminal.parser, size);
    this.#terminal.parser.registerOscHandler(PROGRAM_STATUS, (payload) => {
      if (isStatusQuery(payload)) listener.onReply(STATUS_QUERY_ANSWER);
      const status = parseProgramStatus(payload);
      if (status !== null) listener.onStatus(status);
      return true;
    });
    this.#terminal.parser.registerCsiHandler({ prefix: '?', final: 'l' }, (modes) => {
      if (modes.includes(FRAME_MODE) && timers.now() - this.#lookedAt >= LOOK_MS) this.#look();
      return false;
    });
    this.#terminal.onTitleChange((title) => listener.onTitle(title));
    this.#terminal.onData((text) => listener.onReply(text));
  }

  write(data: Uint8Array): void {
    if (this.#closed) return;
    this.#pendingBytes += data.length;
    this.#press();
    this.#terminal.write(this.#utf8.decode(data, { stream: true }), () => {
      this.#pendingBytes -= data.length;
      this.#press();
      if (this.#pendingBytes === 0) this.#settleSoon();
    });
  }

  get bracketedPaste(): boolean {
    return this.#terminal.modes.bracketedPasteMode;
  }

  cursorPlace(): CursorPlace {
    const { type, cursorX } = this.#terminal.buffer.active;
    const marker = this.#closed ? undefined : this.#terminal.registerMarker(0);
    return {
      text: () => {
        const { active } = this.#terminal.buffer;
        const first = marker?.line ?? -1;
        if (first === -1 || active.type !== type) return null;
        let text = active.getLine(first)?.translateToString(false, cursorX) ?? '';
        for (let row = first + 1; active.getLine(row)?.isWrapped === true; row += 1)
          text += active.getLine(row)?.translateToString(false) ?? '';
        return text;
      },
      forget: () => marker?.dispose(),
    };
  }

  get view(): Screen {
    const { active } = this.#terminal.buffer;
    const lines: string[] = [];
    for (let row = 0; row < this.#terminal.rows; row += 1) {
      lines.push(active.getLine(active.baseY + row)?.translateToString(true) ?? '');
    }
    return {
      cols: this.#terminal.cols,
      lines,
      cursor: { x: active.cursorX, y: active.cursorY },
      shades: (row) => this.#shadesOf(row),
    };
  }

  get screen(): string {
    const { lines } = this.view;
    return lines.join('\n').trimEnd().slice(-MAX_SCREEN_CHARACTERS).toWellFormed();
  }

  /** Resolves when everything written so far has been read into the model. */
  settled(): Promise<void> {
    return new Promise((resolve) => (this.#closed ? resolve() : this.#terminal.write('', resolve)));
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#endSettleTimer();
    this.#terminal.dispose();
  }

  #press(): void {
    const pressed = this.#pressed ? this.#pendingBytes > LOW_WATER : this.#pendingBytes > HIGH_WATER;
    if (pressed === this.#pressed) return;
    this.#pressed = pressed;
    this.#listener.onPressure(pressed);
  }

  /** Inverse colours count as a background of their own. */
  #shadesOf(row: number): number[] {
    const { active } = this.#terminal.buffer;
    const line = active.getLine(active.baseY + row);
    return Array.from({ length: this.#terminal.cols }, (_, column) => {
      const cell = line?.getCell(column);
      if (cell === undefined) return 0;
      return (cell.getBgColorMode() + cell.getBgColor()) * 2 + (cell.isInverse() === 0 ? 0 : 1);
    });
  }

  /** A screen is read when it stands still for a moment: a half-drawn one says nothing. */
  #settleSoon(): void {
    this.#endSettleTimer();
    this.#endSettleTimer = this.#timers.after(SETTLE_MS, () => {
      if (!this.#terminal.modes.synchronizedOutputMode) return this.#look();
      this.#endSettleTimer = this.#timers.after(FRAME_MS, () => this.#look());
    });
  }

  #look(): void {
    if (this.#closed) return;
    this.#lookedAt = this.#timers.now();
    this.#listener.onSettled();
  }
}
