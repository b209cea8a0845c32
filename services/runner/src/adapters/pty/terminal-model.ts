import xterm from '@xterm/headless';
import type { CursorPlace } from '../../ports.ts';
import {
  type ProgramStatus,
  STATUS_QUERY_ANSWER,
  isStatusQuery,
  parseProgramStatus,
} from '../../domain/program-status.ts';

export interface TerminalListener {
  readonly onStatus: (status: ProgramStatus) => void;
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
const HIGH_WATER = 1024 * 1024;
const LOW_WATER = 128 * 1024;
const MAX_SCREEN_CHARACTERS = 20_000;

/** A terminal without a window: takes the program's output, knows the screen, its modes and the program's own status. */
export class TerminalModel {
  readonly #terminal: xterm.Terminal;
  readonly #listener: TerminalListener;
  #pendingBytes = 0;
  #pressed = false;
  #settleTimer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(size: { cols: number; rows: number }, listener: TerminalListener) {
    this.#listener = listener;
    this.#terminal = new xterm.Terminal({ ...size, scrollback: SCROLLBACK_LINES, allowProposedApi: true });
    this.#terminal.parser.registerOscHandler(PROGRAM_STATUS, (payload) => {
      if (isStatusQuery(payload)) listener.onReply(STATUS_QUERY_ANSWER);
      const status = parseProgramStatus(payload);
      if (status !== null) listener.onStatus(status);
      return true;
    });
    this.#terminal.onData((text) => listener.onReply(text));
  }

  write(data: Uint8Array): void {
    if (this.#closed) return;
    this.#pendingBytes += data.length;
    this.#press();
    this.#terminal.write(data, () => {
      this.#pendingBytes -= data.length;
      this.#press();
      if (this.#pendingBytes === 0) this.#settleSoon();
    });
  }

  get bracketedPaste(): boolean {
    return this.#terminal.modes.bracketedPasteMode;
  }

  get cursorLine(): string {
    const { active } = this.#terminal.buffer;
    const line = active.getLine(active.baseY + active.cursorY);
    return line?.translateToString(false, 0, active.cursorX) ?? '';
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

  get screen(): string {
    const { active } = this.#terminal.buffer;
    const lines: string[] = [];
    for (let row = 0; row < this.#terminal.rows; row += 1) {
      lines.push(active.getLine(active.baseY + row)?.translateToString(true) ?? '');
    }
    return lines.join('\n').trimEnd().slice(-MAX_SCREEN_CHARACTERS).toWellFormed();
  }

  /** Resolves when everything written so far has been read into the model. */
  settled(): Promise<void> {
    return new Promise((resolve) => (this.#closed ? resolve() : this.#terminal.write('', resolve)));
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#settleTimer);
    this.#terminal.dispose();
  }

  #press(): void {
    const pressed = this.#pressed ? this.#pendingBytes > LOW_WATER : this.#pendingBytes > HIGH_WATER;
    if (pressed === this.#pressed) return;
    this.#pressed = pressed;
    this.#listener.onPressure(pressed);
  }

  /** A screen is read when it stands still for a moment: a half-drawn one says nothing. */
  #settleSoon(): void {
    if (this.#settleTimer !== undefined) {
      this.#settleTimer.refresh();
      return;
    }
    this.#settleTimer = setTimeout(() => {
      this.#settleTimer = undefined;
      if (!this.#closed) this.#listener.onSettled();
    }, SETTLE_MS);
  }
}
