import { expect, it } from 'vitest';
import { REAL_TIME } from '../system/real-time.ts';
import { TerminalModel } from './terminal-model.ts';

const nobody = {
  onStatus: () => undefined,
  onTitle: () => undefined,
  onReply: () => undefined,
  onSettled: () => undefined,
  onPressure: () => undefined,
};

it('TO-10: the runner’s own terminal loses no character that comes in two pieces, and is not held up by one sequence', async () => {
  const model = new TerminalModel({ cols: 40, rows: 5 }, REAL_TIME, nobody);
  const text = Buffer.from('\u{1f000} ä 漢\r\n');
  for (const byte of text) model.write(Uint8Array.of(byte));
  for (const final of 'ILMSTZb') model.write(Buffer.from(`\u001b[2147483647${final}`));
  model.write(Buffer.from('still here'));
  await model.settled();
  expect(model.screen).toBe('\u{1f000} ä 漢\nstill here');
  model.close();
});
