/**
 * Finds a mark in a stream that may be cut anywhere. Everything but the mark goes on unchanged; bytes that could be its
 * beginning are held back until it is clear.
 */
export class MarkFinder {
  readonly #mark: Buffer;
  #held: Buffer = Buffer.alloc(0);

  constructor(mark: string) {
    this.#mark = Buffer.from(mark, 'latin1');
  }

  push(data: Buffer): { readonly before: Buffer; readonly found: boolean } {
    const all = this.#held.length === 0 ? data : Buffer.concat([this.#held, data]);
    const at = all.indexOf(this.#mark);
    if (at >= 0) {
      this.#held = Buffer.alloc(0);
      return { before: Buffer.concat([all.subarray(0, at), all.subarray(at + this.#mark.length)]), found: true };
    }
    const keep = this.#possibleStart(all);
    this.#held = all.subarray(all.length - keep);
    return { before: all.subarray(0, all.length - keep), found: false };
  }

  /** What was held back, when the mark does not come any more. */
  rest(): Buffer {
    const rest = this.#held;
    this.#held = Buffer.alloc(0);
    return rest;
  }

  /** The length of the longest end of `data` that the mark begins with. */
  #possibleStart(data: Buffer): number {
    for (let length = Math.min(this.#mark.length - 1, data.length); length > 0; length -= 1) {
      if (data.subarray(data.length - length).equals(this.#mark.subarray(0, length))) return length;
    }
    return 0;
  }
}
