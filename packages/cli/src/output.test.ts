import { describe, expect, it } from 'vitest';
import { fit, oneLine, printable, table } from './output.ts';

describe('output', () => {
  it('C-2: columns are aligned whatever the colours, and cut to the terminal', () => {
    const rows = [
      ['\u001b[31mab\u001b[39m', 'x'],
      ['abcd', 'yyyyyyyy'],
    ];
    expect(table(rows, null)).toBe('\u001b[31mab\u001b[39m    x\nabcd  yyyyyyyy');
    expect(table(rows, 9).split('\n')[1]).toBe('abcd  yy…');
  });

  it('C-2: cutting counts no escape sequences and keeps them', () => {
    expect(fit('\u001b[31mabcdef\u001b[39m', 4)).toBe('\u001b[31mabc\u001b[39m…');
    expect(fit('abcd', 4)).toBe('abcd');
  });

  it('C-3, TO-11: what an agent wrote cannot act on the terminal', () => {
    expect(printable('a\u001b[2Jb\u0007\r\n\tc\u009b\u202e')).toBe('a[2Jb\n\tc');
    expect(oneLine(' a\n\tb ')).toBe('a b');
  });
});
