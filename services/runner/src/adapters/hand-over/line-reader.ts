const NEWLINE = 0x0a;

/** Cuts a stream into lines; a line of more than `maxBytes` is not read. */
export class LineReader {
  readonly #maxBytes: number;
  #parts: Buffer[] = [];
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** The lines that are complete now, or null: one was too long, and the stream is of no use any more. */
  push(data: Buffer): string[] | null {
    const lines: string[] = [];
    let start = 0;
    for (let at = data.indexOf(NEWLINE); at >= 0; at = data.indexOf(NEWLINE, start)) {
      if (!this.#keep(data.subarray(start, at))) return null;
      lines.push(Buffer.concat(this.#parts).toString('utf8'));
      this.#parts = [];
      this.#bytes = 0;
      start = at + 1;
    }
    return this.#keep(data.subarray(start)) ? lines : null;
  }

  #keep(part: Buffer): boolean {
    this.#bytes += part.length;
    if (part.length > 0) this.#parts.push(part);
    return this.#bytes <= this.#maxBytes;
  }
}
