/** The most bytes of text in one page: at most as many characters, which every MCP client takes whole. */
export const PAGE_BYTES = 10_000;

const isContinuation = (byte: number | undefined): boolean => byte !== undefined && (byte & 0xc0) === 0x80;

/**
 * How many bytes of `data` make a page: all where they fit, else up to the last line break, else up to the last whole
 * UTF-8 character. Never 0 for data that is not empty.
 */
export function pageLength(data: Uint8Array, limit = PAGE_BYTES): number {
  if (data.length <= limit) return data.length;
  const lineEnd = data.lastIndexOf(0x0a, limit - 1);
  if (lineEnd > 0) return lineEnd + 1;
  let cut = limit;
  while (cut > limit - 4 && isContinuation(data[cut])) cut -= 1;
  return cut;
}
