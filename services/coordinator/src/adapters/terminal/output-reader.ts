import { type FileHandle, open } from 'node:fs/promises';
import type { Rendering } from '../../ports/output.ts';
import { LineTerminal } from './line-terminal.ts';

/** What is read of a recording at once, bytes. */
const CHUNK_BYTES = 64 * 1024;
/** Rows that are remembered behind the place that was asked for: a page that is asked for again is there. */
const KEPT_ROWS = 2_000;

/** A recording, read from its beginning into a terminal as far as somebody has asked for, and no byte twice. */
export class OutputReader {
  readonly #file: string;
  readonly #terminal: LineTerminal;
  #offset = 0;

  constructor(file: string, size: { readonly cols: number; readonly rows: number }) {
    this.#file = file;
    this.#terminal = new LineTerminal(size);
  }

  get first(): number {
    return this.#terminal.first;
  }
  get offset(): number {
    return this.#offset;
  }

  close(): void {
    this.#terminal.close();
  }

  /** The rows from number `from` on that fit into `limit` characters; one at least, so that whoever reads on gets on. */
  async page(from: number, limit: number, signal: AbortSignal): Promise<Rendering> {
    const terminal = this.#terminal;
    const reached = (): boolean => terminal.settled > from && this.#settledLength(from, limit) >= limit;
    const atEnd = await this.#readUntil(reached, () => from, signal);
    const texts = this.#textsFrom(from, limit);
    const settled = terminal.settled;
    const unsettled = atEnd ? terminal.unsettledTexts() : [];
    const lines = settled + unsettled.length;
    let length = texts.reduce((sum, text) => sum + text.length, 0);
    const tail = from + texts.length >= settled ? unsettled.slice(Math.max(0, from - settled)) : [];
    let taken = 0;
    for (const text of tail) {
      if (length + text.length > limit && length > 0) break;
      texts.push(text);
      length += text.length;
      taken += 1;
    }
    const reachedEnd = atEnd && from + texts.length >= lines;
    return {
      text: texts.join(''),
      firstLine: from,
      nextLine: reachedEnd ? settled : from + texts.length,
      lines,
      unsettled: taken,
      more: !reachedEnd,
      dropped: 0,
    };
  }

  /** The last rows that fit into `limit` characters. */
  async tail(limit: number, signal: AbortSignal): Promise<Rendering> {
    const terminal = this.#terminal;
    await this.#readUntil(
      () => false,
      () => terminal.settled,
      signal,
    );
    const unsettled = terminal.unsettledTexts();
    const lines = terminal.settled + unsettled.length;
    let firstLine = lines;
    let length = 0;
    const textOf = (row: number): string =>
      row < terminal.settled ? terminal.settledText(row) : (unsettled[row - terminal.settled] ?? '');
    while (firstLine > terminal.first && length + textOf(firstLine - 1).length <= limit) {
      firstLine -= 1;
      length += textOf(firstLine).length;
    }
    const text = Array.from({ length: lines - firstLine }, (_, index) => textOf(firstLine + index)).join('');
    const shown = Math.min(unsettled.length, lines - firstLine);
    return { text, firstLine, nextLine: terminal.settled, lines, unsettled: shown, more: false, dropped: 0 };
  }

  /** The screen as it is now, without what scrolled off it. */
  async screen(limit: number, signal: AbortSignal): Promise<Rendering> {
    const terminal = this.#terminal;
    await this.#readUntil(
      () => false,
      () => terminal.settled,
      signal,
    );
    const rows = terminal.screenTexts();
    const kept: string[] = [];
    for (let length = 0; kept.length < rows.length;) {
      const text = rows[rows.length - 1 - kept.length] ?? '';
      length += text.length;
      if (length > limit) break;
      kept.unshift(text);
    }
    const lines = terminal.settled + terminal.unsettledTexts().length;
    return {
      text: kept.join(''),
      firstLine: lines - kept.length,
      nextLine: terminal.settled,
      lines,
      unsettled: kept.length,
      more: false,
      dropped: rows.length - kept.length,
    };
  }

  /** True: all that is recorded by now was read. `needed`: the first row that must be remembered. */
  async #readUntil(reached: () => boolean, needed: () => number, signal: AbortSignal): Promise<boolean> {
    const handle = await openIfThere(this.#file);
    if (handle === null) return true;
    try {
      const buffer = Buffer.alloc(CHUNK_BYTES);
      for (;;) {
        signal.throwIfAborted();
        this.#terminal.forgetBefore(Math.min(needed(), this.#terminal.settled) - KEPT_ROWS);
        if (reached()) return false;
        const { bytesRead } = await handle.read(buffer, 0, buffer.length, this.#offset);
        if (bytesRead === 0) return true;
        // A copy: the terminal reads what it is given later.
        this.#offset += bytesRead;
        await this.#terminal.write(Uint8Array.prototype.slice.call(buffer, 0, bytesRead));
      }
    } finally {
      await handle.close();
    }
  }

  /** How many characters the settled rows from number `from` on have; counted up to `limit`. */
  #settledLength(from: number, limit: number): number {
    let length = 0;
    for (let row = from; row < this.#terminal.settled && length < limit; row += 1)
      length += this.#terminal.settledText(row).length;
    return length;
  }

  #textsFrom(from: number, limit: number): string[] {
    const texts: string[] = [];
    let length = 0;
    for (let row = from; row < this.#terminal.settled; row += 1) {
      const text = this.#terminal.settledText(row);
      if (length + text.length > limit && texts.length > 0) break;
      texts.push(text);
      length += text.length;
    }
    return texts;
  }
}

async function openIfThere(path: string): Promise<FileHandle | null> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
