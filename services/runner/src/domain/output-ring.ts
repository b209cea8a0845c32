export interface OutputChunk {
  /** Where the data begins, in bytes since the start of the terminal, skipped bytes counted. */
  readonly offset: number;
  readonly data: Uint8Array;
  /** Bytes right before it that were dropped unsent because the ring was full. */
  readonly skipped: number;
}

/**
 * The terminal's output by byte offset, kept until it is acknowledged, at most `capBytes` of it. When more comes than is
 * taken, the oldest goes: an agent is never held up by a slow reader, and what is lost is counted, not hidden.
 */
export class OutputRing {
  readonly #capBytes: number;
  #pieces: Uint8Array[] = [];
  /** Offset of the first byte that is kept, of the next one to send, and of the end. */
  #start = 0;
  #next = 0;
  #end = 0;
  /** Up to where the reader of the last connection has been told of. */
  #told = 0;

  constructor(capBytes: number) {
    this.#capBytes = capBytes;
  }

  append(data: Uint8Array): void {
    if (data.length === 0) return;
    this.#pieces.push(data);
    this.#end += data.length;
    this.#dropBefore(this.#end - this.#capBytes);
  }

  /** The reader has everything before `offset`. */
  acknowledge(offset: number): void {
    this.#dropBefore(Math.min(offset, this.#end));
  }

  /** A new connection whose reader has everything before `offset`: what follows is sent (again) from there. */
  rewind(offset: number): void {
    if (offset > this.#end) {
      // A predecessor's recording reaches further than we do: our bytes go behind it.
      const shift = offset - this.#start;
      this.#start += shift;
      this.#end += shift;
    }
    this.#told = offset;
    this.#dropBefore(offset);
    this.#next = Math.max(offset, this.#start);
  }

  get unsentBytes(): number {
    return this.#end - Math.max(this.#next, this.#start);
  }

  /** Sent and not acknowledged yet. */
  get inFlightBytes(): number {
    return Math.max(0, this.#next - this.#start);
  }

  /** The next at most `limit` bytes to send, or null where all is sent. */
  take(limit: number): OutputChunk | null {
    const offset = Math.max(this.#next, this.#start);
    if (offset >= this.#end) return null;
    const data = this.#slice(offset, Math.min(offset + limit, this.#end));
    const skipped = offset - this.#told;
    this.#next = offset + data.length;
    this.#told = this.#next;
    return { offset, data, skipped };
  }

  #slice(from: number, to: number): Uint8Array {
    const parts: Uint8Array[] = [];
    let position = this.#start;
    for (const piece of this.#pieces) {
      const end = position + piece.length;
      if (end > from && position < to)
        parts.push(piece.subarray(Math.max(0, from - position), Math.min(piece.length, to - position)));
      if (end >= to) break;
      position = end;
    }
    return parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts);
  }

  #dropBefore(offset: number): void {
    while (this.#start < offset) {
      const first = this.#pieces[0];
      if (first === undefined) return;
      const excess = offset - this.#start;
      if (first.length <= excess) {
        this.#pieces.shift();
        this.#start += first.length;
      } else {
        this.#pieces[0] = first.subarray(excess);
        this.#start = offset;
      }
    }
  }
}
