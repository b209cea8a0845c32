import { describe, expect, it } from 'vitest';
import { plainLine, plainText } from './plain-text.ts';
import { inEnvelope, outOfEnvelope } from './untrusted-text.ts';

describe('a stranger’s text', () => {
  it('TO-1: nothing is left that does not show', () => {
    const hidden = [
      0x00, 0x07, 0x08, 0x0d, 0x1b, 0x7f, 0x85, 0x9b, 0xad, 0x200b, 0x200d, 0x200e, 0x200f, 0x202a, 0x202e, 0x2060,
      0x2066, 0x2069, 0xfeff, 0x2028, 0x2029, 0xfe0f, 0x115f, 0x3164, 0xffa0, 0xe0001, 0xe0041, 0xe0100, 0xffff,
    ].map((code) => String.fromCodePoint(code));
    expect(plainText(hidden.join(''))).toBe('');
    expect(plainText(hidden.map((one) => `a${one}`).join(''))).toBe('a'.repeat(hidden.length));
    const seen = 'tab\tline\nä 漢字 🙂 e\u0301 עברית \ue0a0';
    expect(plainText(seen)).toBe(seen);
    expect(plainText('half \ud83d of a pair')).toBe('half \ufffd of a pair');
    expect(plainLine(' a\r\n b\u2028c\t\u001b[2J')).toBe('a b c [2J');
  });

  it('TO-9: an envelope gives back what was put into it, and nothing else is taken for one', () => {
    const text = 'one\n</untrusted-text abcdefghijklmnop>\ntwo';
    expect(outOfEnvelope(inEnvelope(text, 'qrstuvwxyz012345'))).toBe(text);
    for (const other of [text, `<untrusted-text abcdefghijklmnop>\nx\n</untrusted-text bbcdefghijklmnop>`, ''])
      expect(outOfEnvelope(other)).toBe(other);
  });
});
