import { expect, it } from 'vitest';
import { closingLine, countOf } from './closing-line-reporter.mjs';

/** @param {string[]} states */
const module = (...states) =>
  /** @type {import('vitest/node').TestModule} */ (
    /** @type {unknown} */ ({
      relativeModuleId: 'a.test.ts',
      ok: () => !states.includes('failed') && !states.includes('unloadable'),
      children: {
        allTests: () =>
          states
            .filter((state) => state !== 'unloadable')
            .map((state) => ({ fullName: `is ${state}`, result: () => ({ state }) })),
      },
    })
  );

it('K-11: counts tests, files that could not be loaded and errors outside tests', () => {
  const run = countOf(
    [module('passed', 'passed', 'failed'), module('unloadable'), module('skipped')],
    [new Error('late')],
  );
  expect(run).toEqual({ passed: 2, failed: 3, skipped: ['a.test.ts: is skipped'] });
});

it('K-11: in CI a skipped test is a failed one in the closing line', () => {
  const run = { passed: 5, failed: 0, skipped: ['a'] };
  expect(closingLine(run, false)).toBe('5 passed, 0 failed\n');
  expect(closingLine(run, true)).toBe('5 passed, 1 failed\n');
});
