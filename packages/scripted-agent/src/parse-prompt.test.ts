import { describe, expect, it } from 'vitest';
import { parsePrompt } from './parse-prompt.ts';
import { splitArguments, unescapeText } from './split-arguments.ts';

describe('a prompt', () => {
  it('S-3: has directives and prose, and blocks that are taken as they are', () => {
    expect(
      parsePrompt('Do this:\n\n@write a.txt x y\r\n@write b.txt <<END\n@not a directive\n\n  indented\nEND\n@done'),
    ).toEqual([
      { kind: 'prose', text: 'Do this:' },
      { kind: 'directive', name: 'write', rest: 'a.txt x y', block: null },
      { kind: 'directive', name: 'write', rest: 'b.txt', block: '@not a directive\n\n  indented\n' },
      { kind: 'directive', name: 'done', rest: '', block: null },
    ]);
  });

  it('S-3: is refused where a block is not closed or "@" is followed by no name', () => {
    expect(() => parsePrompt('@write a <<END\nx')).toThrow('not closed by END');
    expect(() => parsePrompt('@ write')).toThrow('line 1');
  });

  it('S-3: arguments are quoted without a shell', () => {
    expect(splitArguments(`a "b c" 'd "e' f\\ g "" "x\\"y"`)).toEqual(['a', 'b c', 'd "e', 'f g', '', 'x"y']);
    expect(() => splitArguments('"open')).toThrow('not closed');
    expect(unescapeText('a\\nb\\tc\\\\n\\q')).toBe('a\nb\tc\\n\\q');
  });
});
