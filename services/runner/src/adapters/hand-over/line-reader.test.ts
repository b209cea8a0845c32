import fc from 'fast-check';
import { expect, it } from 'vitest';
import { LineReader } from './line-reader.ts';

it('R-31: lines come out whole wherever the stream is cut, and one that is too long ends it', () => {
  const text = fc.array(fc.string().filter((line) => !line.includes('\n') && Buffer.byteLength(line) <= 100));
  fc.assert(
    fc.property(text, fc.array(fc.nat(50)), (lines, cuts) => {
      const reader = new LineReader(100);
      let rest = Buffer.from(lines.map((line) => `${line}\n`).join(''));
      const found: (string[] | null)[] = [];
      for (const cut of cuts) {
        found.push(reader.push(rest.subarray(0, cut)));
        rest = rest.subarray(cut);
      }
      found.push(reader.push(rest));
      expect(found.flat()).toEqual(lines);
    }),
  );
  expect(new LineReader(100).push(Buffer.alloc(101, 'x'))).toBeNull();
  expect(new LineReader(100).push(Buffer.from(`${'x'.repeat(101)}\nnext\n`))).toBeNull();
});
