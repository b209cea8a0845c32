import { expect, it } from 'vitest';
import { refuseLongRepeats, type SequenceParser } from './refuse-long-repeats.ts';

it('TO-6, TO-10: leaves out what is to be repeated more often than shows, and nothing else', () => {
  const handlers = new Map<string, Parameters<SequenceParser['registerCsiHandler']>[1]>();
  refuseLongRepeats(
    { registerCsiHandler: ({ final }, handler) => void handlers.set(final, handler) },
    { cols: 80, rows: 100 },
  );
  const refused = (count: number): string =>
    [...handlers].flatMap(([final, handler]) => (handler([count]) ? [final] : [])).join('');
  expect(refused(2 ** 31 - 1)).toBe('ILMSTZb');
  expect(refused(101)).toBe('ILMSTZb');
  expect(refused(100)).toBe('b');
  expect(refused(80)).toBe('');
});
