import { describe, expect, it } from 'vitest';
import { PromptText } from './prompt.ts';

describe('prompt text', () => {
  it('PR-1: text of any language with tabs and line breaks is taken as it is', () => {
    for (const text of ['a\tb\nc\r\nd', '🎉 ünïcödé 日本', ' leading and trailing ', '❯ > $ '])
      expect(PromptText.parse(text)).toBe(text);
  });

  it('PR-3: other control characters and halves of surrogates are refused', () => {
    for (const text of ['\u001b[201~', 'a\u0000', 'a\u0007', '\u009b31m', '\ud800', '']) {
      expect([text, PromptText.safeParse(text).success]).toEqual([text, false]);
    }
  });
});
