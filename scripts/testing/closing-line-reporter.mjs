/**
 * @typedef {object} Run
 * @property {number} passed
 * @property {number} failed tests, files that could not be loaded, and errors outside any test
 * @property {string[]} skipped the full names
 */

/**
 * Ends a run with the plain line `N passed, N failed`, after everything else. In CI a skipped test fails the run:
 * what does not run there runs nowhere.
 */
export default class ClosingLineReporter {
  /** @type {import('vitest/node').Vitest | undefined} */
  #vitest;

  /** @param {import('vitest/node').Vitest} vitest */
  onInit(vitest) {
    this.#vitest = vitest;
  }

  /**
   * @param {ReadonlyArray<import('vitest/node').TestModule>} modules
   * @param {ReadonlyArray<unknown>} errors
   */
  onTestRunEnd(modules, errors) {
    const run = countOf(modules, errors);
    // With a name filter most tests are skipped on purpose.
    const filtered = this.#vitest?.config.testNamePattern !== undefined;
    const strict = process.env['CI'] === 'true' && !filtered;
    if (this.#vitest?.config.watch) return;
    // On exit, because vitest itself still speaks after this hook.
    process.once('exit', () => {
      if (strict && run.skipped.length > 0) {
        process.stdout.write(
          `Skipped, and in CI that is a failure:\n${run.skipped.map((name) => `  ${name}\n`).join('')}`,
        );
        process.exitCode = 1;
      }
      process.stdout.write(closingLine(run, strict));
    });
  }
}

/** @param {Run} run @param {boolean} strict whether skipped tests count as failed @returns {string} */
export function closingLine(run, strict) {
  const failed = run.failed + (strict ? run.skipped.length : 0);
  return `${run.passed} passed, ${failed} failed\n`;
}

/**
 * @param {ReadonlyArray<import('vitest/node').TestModule>} modules
 * @param {ReadonlyArray<unknown>} errors
 * @returns {Run}
 */
export function countOf(modules, errors) {
  /** @type {Run} */
  const run = { passed: 0, failed: errors.length, skipped: [] };
  for (const testModule of modules) {
    let failedInside = 0;
    for (const test of testModule.children.allTests()) {
      const { state } = test.result();
      if (state === 'passed') run.passed += 1;
      else if (state === 'failed') failedInside += 1;
      else run.skipped.push(`${testModule.relativeModuleId}: ${test.fullName}`);
    }
    // A file that throws while loading has no failed test, and must not look like nothing.
    run.failed += failedInside === 0 && !testModule.ok() ? 1 : failedInside;
  }
  return run;
}
