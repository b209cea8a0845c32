import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PAGE_BYTES, pageLength } from './page.ts';

describe('pages of text', () => {
  it('GH-6: pages are bounded, cut no character and join to the whole', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', minLength: 1, maxLength: 400 }),
        fc.integer({ min: 4, max: 64 }),
        (text, limit) => {
          const data = Buffer.from(text);
          const pages: string[] = [];
          for (let from = 0; from < data.length;) {
            const length = pageLength(data.subarray(from), limit);
            expect(length).toBeGreaterThan(0);
            expect(length).toBeLessThanOrEqual(limit);
            pages.push(data.subarray(from, from + length).toString('utf8'));
            from += length;
          }
          expect(pages.join('')).toBe(data.toString('utf8'));
        },
      ),
    );
  });

  it('GH-6: a page ends at a line where it can', () => {
    const lines = Buffer.from(`${'x'.repeat(99)}\n`.repeat(150));
    expect(pageLength(lines)).toBe(PAGE_BYTES);
    expect(pageLength(lines, 250)).toBe(200);
  });
});
