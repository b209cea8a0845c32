import { describe, expect, it } from 'vitest';
import { MarkFinder } from './end-of-output.ts';

describe('the mark at the end of output', () => {
  it('R-1: is found and taken out however the stream is cut, and nothing else is', () => {
    const mark = 'abcabd';
    const stream = Buffer.from(`ababcabcabc${mark}tail ab`, 'latin1');
    for (let size = 1; size <= stream.length; size += 1) {
      const finder = new MarkFinder(mark);
      let found = 0;
      const parts: Buffer[] = [];
      for (let at = 0; at < stream.length; at += size) {
        const piece = stream.subarray(at, at + size);
        if (found > 0) {
          parts.push(piece);
          continue;
        }
        const result = finder.push(piece);
        parts.push(result.before);
        if (result.found) found += 1;
      }
      parts.push(finder.rest());
      expect(found).toBe(1);
      expect(Buffer.concat(parts).toString('latin1')).toBe('ababcabcabctail ab');
    }
  });
});
