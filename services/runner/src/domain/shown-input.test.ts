import { describe, expect, it } from 'vitest';
import { shownInputs } from './shown-input.ts';

const screens = (change: Partial<Parameters<typeof shownInputs>[1]>) => ({
  atCursor: '',
  before: '',
  after: '',
  ...change,
});

describe('whether the terminal showed what was typed', () => {
  it('CV-8: shown is what stands where the cursor was, however short', () => {
    expect(shownInputs(['y\r'], screens({ atCursor: 'y' }))).toEqual([true]);
    expect(shownInputs(['l', 's', '\r'], screens({ atCursor: 'ls   ' }))).toEqual([true, true, true]);
  });

  it('CV-8: not shown is what only stands elsewhere, or stood there before', () => {
    const before = 'the root password of yes';
    expect(shownInputs(['root\r'], screens({ before, after: `${before} root` }))).toEqual([false]);
    expect(shownInputs(['hunter22\r'], screens({ before: 'hunter22', after: 'hunter22' }))).toEqual([false]);
    expect(shownInputs(['secret\r'], screens({ atCursor: null, after: 'secret' }))).toEqual([false]);
    expect(shownInputs(['secret\r'], screens({ atCursor: '******' }))).toEqual([false]);
  });

  it('CV-8: long text that a program drew elsewhere was shown; one hidden stretch hides its whole input', () => {
    expect(shownInputs(['fix the parser\r'], screens({ after: '> fix the\n  parser' }))).toEqual([true]);
    expect(shownInputs(['sudo ls\rhunter2\r', '\u0003'], screens({ atCursor: 'sudo ls' }))).toEqual([false, true]);
  });

  it('CV-8: keys alone are no secret', () => {
    expect(shownInputs(['\r\u001b[A\u0003'], screens({}))).toEqual([true]);
  });
});
