/** The most bytes of a slice: a hostile one must not hold the thread for long. */
const MAX_BYTES = 64 * 1024;
/** Escape sequences of a slice at most: some cost far more than their bytes. */
const ESC = 0x1b;
/** The first byte of two-byte control characters (U+0080 to U+009F) in UTF-8. */
const C1 = 0xc2;

/**
 * Cuts output into pieces that scroll no more than `maxRows` rows off a terminal of `cols` columns, however hostile: each
 * control character may scroll one row, an escape sequence two (it may repeat a character over a row), and what is printed
 * one for each row that it fills.
 */
export function* slicesOf(data: Uint8Array, cols: number, maxRows: number): Generator<Uint8Array> {
  let start = 0;
  let cells = 0;
  let rows = 1;
  for (let index = 0; index < data.length; index += 1) {
    const byte = data[index] ?? 0;
    if (byte === ESC || byte === C1) rows += 2;
    else if (byte < 0x20) rows += 1;
    cells += 1;
    if (index + 1 - start < MAX_BYTES && rows + cells / (cols - 1) < maxRows) continue;
    yield data.subarray(start, index + 1);
    start = index + 1;
    cells = 0;
    rows = 1;
  }
  if (start < data.length) yield data.subarray(start);
}
