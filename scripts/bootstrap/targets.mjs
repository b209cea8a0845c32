import { pathToFileURL } from 'node:url';
import { inRoot, ROOT } from './root.mjs';
import { runChild } from './run-child.mjs';

/**
 * Becomes the CLI: it is loaded into this very process, so signals, the terminal, the exit code and the process id
 * are its own, and no parent is left in between that could die and leave it behind.
 *
 * @param {readonly string[]} args
 */
export async function becomeCli(args) {
  const main = inRoot('packages/cli/dist/bundle/main.js');
  process.argv = [process.execPath, main, ...args];
  await import(pathToFileURL(main).href);
}

/** @param {string} script below the root @param {readonly string[]} args */
async function becomeScript(script, args) {
  const path = inRoot(script);
  process.argv = [process.execPath, path, ...args];
  await import(pathToFileURL(path).href);
}

/** @param {readonly string[]} args */
async function runTests(args) {
  const vitest = inRoot('node_modules/vitest/vitest.mjs');
  process.exitCode = await runChild(process.execPath, [vitest, 'run', ...args], { cwd: ROOT, stdio: 'inherit' });
}

/** All of the real programs, where `npm test` runs two. @param {readonly string[]} args */
async function runAgents(args) {
  process.env['ROUNDHOUSE_TEST_AGENTS'] = 'all';
  await runTests(['--project', 'agents', ...args]);
}

/**
 * What the npm scripts name. `build` says whether the compiled packages are needed before it can start.
 *
 * @type {Readonly<Record<string, { build: boolean, run: (args: readonly string[]) => Promise<void> }>>}
 */
export const TARGETS = {
  up: { build: true, run: (args) => becomeCli(['up', ...args]) },
  demo: { build: true, run: (args) => becomeCli(['demo', ...args]) },
  test: { build: true, run: runTests },
  'test:agents': { build: true, run: runAgents },
  // The check builds by itself and shows type errors as one of its rows.
  check: { build: false, run: (args) => becomeScript('scripts/check.mjs', args) },
  bench: { build: true, run: (args) => becomeScript('bench/main.mjs', args) },
  'agents:replay': { build: true, run: (args) => becomeScript('services/runner/dist/replay/main.js', args) },
  generate: { build: true, run: (args) => becomeScript('scripts/generate.mjs', args) },
};
