import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RoundhouseError } from '@roundhouse/contracts';
import { type TemporaryFolder, temporaryFolder } from '@roundhouse/testkit';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createWorkerRenderings } from './worker-renderings.ts';

let folder: TemporaryFolder;
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(() => folder.remove());

it('TO-6: what takes too long is a typed error, and asking again goes on until it is there', async () => {
  const lines = Array.from({ length: 60_000 }, (_, line) => `line ${line}\r\n`);
  await writeFile(join(folder.path, 'long'), lines.join(''));
  const renderings = createWorkerRenderings((taskId) => join(folder.path, taskId), pino({ level: 'silent' }), 20);
  const order = { taskId: 'long', attempt: 1, cols: 80, rows: 10, from: 'end' as const, limit: 100 };
  const refusals: unknown[] = [];
  for (;;) {
    try {
      expect(await renderings.render(order)).toMatchObject({ lines: 60_000, more: false });
      break;
    } catch (error) {
      if (!(error instanceof RoundhouseError)) throw error;
      refusals.push(error.code);
    }
  }
  expect(new Set(refusals)).toEqual(new Set(['output_not_rendered']));
  // What is asked at once of several recordings is answered for each.
  const nothing = { ...order, taskId: 'absent', from: 0 };
  await renderings.stop();
  const again = createWorkerRenderings((taskId) => join(folder.path, taskId), pino({ level: 'silent' }));
  const answers = await Promise.all([again.render(order), again.render(nothing), again.render({ ...order, from: 7 })]);
  expect(answers.map(({ firstLine, lines: count }) => [firstLine > 59_000, count > 0])).toEqual([
    [true, true],
    [false, false],
    [false, true],
  ]);
  const refused = expect(again.render({ ...order, taskId: 'absent' })).rejects.toMatchObject({ code: 'stopping' });
  await again.stop();
  await refused;
});
