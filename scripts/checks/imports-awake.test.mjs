import { expect, it } from 'vitest';
import { checkImportsAwake } from './imports-awake.mjs';

it('K-2: each rule of the import check reports the violation that is planted for it', async () => {
  expect(await checkImportsAwake()).toEqual({ ok: true, output: '' });
});
