import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { failOnLeaks } from './leak-check.ts';
import { eventually, lineMatching, WaitedTooLong, within } from './waiting.ts';

failOnLeaks();

it('within hands on the answer and the error, and is bounded', async () => {
  expect(await within(1_000, 'an answer', Promise.resolve(7))).toBe(7);
  await expect(within(1_000, 'an answer', Promise.reject(new Error('no')))).rejects.toThrow('no');
  const never = new Promise<void>(() => {});
  await expect(within(20, 'what never comes', never)).rejects.toThrow('waited 20 ms for what never comes');
});

it('lineMatching finds a line that comes in pieces, and no half line', async () => {
  const stream = new PassThrough();
  const found = lineMatching(stream, /^ready \d+$/, 1_000);
  stream.write('noise\nready ');
  stream.write('42\nmore');
  expect(await found).toBe('ready 42');
});

it('lineMatching says what it saw when the line does not come', async () => {
  const late = new PassThrough();
  late.write('something else\n');
  await expect(lineMatching(late, /ready/, 50)).rejects.toThrow(/something else/);
  const ended = new PassThrough();
  const found = lineMatching(ended, /ready/, 1_000);
  ended.end('last words\n');
  ended.destroy();
  await expect(found).rejects.toThrow(/ended without/);
});

it('eventually asks until there is an answer, and is bounded', async () => {
  let asked = 0;
  expect(await eventually('the third', 1_000, async () => ((asked += 1) < 3 ? undefined : asked))).toBe(3);
  await expect(eventually('nothing', 30, async () => undefined)).rejects.toThrow(WaitedTooLong);
});
