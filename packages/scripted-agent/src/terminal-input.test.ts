import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type InputEvent, TerminalInput } from './terminal-input.ts';

const begin = '\u001b[200~';
const end = '\u001b[201~';

const feed = (bytes: Buffer, sizes: readonly number[]): InputEvent[] => {
  const input = new TerminalInput();
  const events: InputEvent[] = [];
  let at = 0;
  for (let turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[turn % Math.max(1, sizes.length)] ?? 1;
    events.push(...input.push(bytes.subarray(at, at + size)));
    at += size;
  }
  return events;
};

const prompts = (events: readonly InputEvent[]): string[] =>
  events.flatMap((event) => (event.type === 'prompt' ? [event.bytes.toString('utf8')] : []));

describe('the terminal input', () => {
  it('S-1: a bracketed paste and Enter are one prompt, byte for byte, however the bytes are cut', () => {
    const text = fc
      .string({ unit: 'binary', maxLength: 200 })
      .filter((value) => value.isWellFormed() && !value.includes('\u001b'));
    fc.assert(
      fc.property(text, fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 20 }), (value, sizes) => {
        expect(prompts(feed(Buffer.from(`${begin}${value}${end}\r`), sizes))).toEqual([value]);
      }),
      { numRuns: 500 },
    );
  });

  it('S-1: an escape inside of a paste that does not end it is text', () => {
    expect(prompts(feed(Buffer.from(`${begin}a\u001b[20xb\u001b${end}\r`), [3]))).toEqual(['a\u001b[20xb\u001b']);
  });

  it('S-1: typed text can be erased; arrows and other sequences are left out; Ctrl-C interrupts', () => {
    const events = feed(Buffer.from('heé\u007f\u001b[Allo\u0003\r'), [1]);
    expect(prompts(events)).toEqual(['hello']);
    expect(events.some((event) => event.type === 'interrupt')).toBe(true);
  });

  it('S-2: a prompt whose Enter was not noticed stays in the line for the next Enter', () => {
    const input = new TerminalInput();
    const [first] = input.push(Buffer.from(`${begin}text${end}\r`));
    if (first?.type !== 'prompt') throw new Error('no prompt');
    expect(first.pasted).toBe(true);
    input.restore(first);
    expect(prompts(input.push(Buffer.from('\r')))).toEqual(['text']);
  });
});
