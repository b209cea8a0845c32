import { expect, it } from 'vitest';
import { chosenChecks, runChecks } from './run-checks.mjs';

const passing = async () => ({ ok: true, output: '' });

it('K-1: runs checks side by side, and what reads the build after it', async () => {
  /** @type {string[]} */
  const story = [];
  /** @type {() => void} */
  let finishTypes = () => {};
  const finished = new Promise((resolve) => (finishTypes = () => resolve(undefined)));
  const types = { name: 'types', afterTypes: false, run: () => finished.then(() => (story.push('types'), passing())) };
  const format = {
    name: 'format',
    afterTypes: false,
    run: async () => (story.push('format'), finishTypes(), passing()),
  };
  const lint = { name: 'lint', afterTypes: true, run: async () => (story.push('lint'), passing()) };
  const rows = await runChecks([types, lint, format], 3, () => {});
  expect(story).toEqual(['format', 'types', 'lint']);
  expect(rows.map(({ ok }) => ok)).toEqual([true, true, true]);
});

it('K-1: a check that throws has failed, with its words, and stops no other', async () => {
  const broken = { name: 'broken', afterTypes: false, run: () => Promise.reject(new Error('no such tool')) };
  const rows = await runChecks([broken, { name: 'fine', afterTypes: false, run: passing }], 1, () => {});
  expect(rows.map(({ name, ok }) => `${name} ${ok}`)).toEqual(['broken false', 'fine true']);
  expect(rows[0]?.output).toContain('no such tool');
});

it('K-1: a check asked for by name brings the build with it where it reads it', () => {
  const check = (/** @type {string} */ name, /** @type {boolean} */ afterTypes) => ({ name, afterTypes, run: passing });
  const checks = [check('format', false), check('types', false), check('lint', true)];
  const names = (/** @type {string[]} */ wanted) => chosenChecks(checks, wanted).map(({ name }) => name);
  expect(names(['lint'])).toEqual(['types', 'lint']);
  expect(names(['format'])).toEqual(['format']);
  expect(names([])).toEqual(['types', 'format', 'lint']);
});
