import { readFile, stat, writeFile } from 'node:fs/promises';
import { inRoot } from '../bootstrap/root.mjs';

/** The depth is that of a file of the runner's source: what it names relative to itself is right from there too. */
export const RUNNER_BUNDLE = 'services/runner/dist/bundle';
const ENTRY = 'services/runner/dist/main.js';
const STAMP = `${RUNNER_BUNDLE}/inputs.json`;
/** What decides how it is bundled, beside what is bundled. */
const RECIPE = ['scripts/bundling/bundle.mjs', 'scripts/bundling/lean.mjs', 'node_modules/esbuild/package.json'];

/**
 * Bundles the runner where one of the files that went into the last bundle has changed, or there is none. Needs the
 * compiled packages. @returns {Promise<boolean>} whether there was something to do
 */
export async function bundleRunner() {
  if (await isBundled()) return false;
  const { bundle } = await import('./bundle.mjs');
  const inputs = await bundle({ entry: ENTRY, outdir: inRoot(RUNNER_BUNDLE), splitting: false });
  await writeFile(inRoot(STAMP), JSON.stringify(await stamps([...inputs, ...RECIPE])));
  return true;
}

/** @returns {Promise<boolean>} whether the bundle is of just the files that are there now */
export async function isBundled() {
  const text = await readFile(inRoot(STAMP), 'utf8').catch(() => null);
  if (text === null || (await stampOf(`${RUNNER_BUNDLE}/main.js`)) === null) return false;
  /** @type {Record<string, string>} */
  const then = JSON.parse(text);
  const now = await stamps(Object.keys(then));
  return Object.entries(then).every(([file, stamp]) => now[file] === stamp);
}

/** @param {readonly string[]} files @returns {Promise<Record<string, string | null>>} */
const stamps = async (files) =>
  Object.fromEntries(await Promise.all(files.map(async (file) => [file, await stampOf(file)])));

/** @param {string} file @returns {Promise<string | null>} */
const stampOf = async (file) => {
  const info = await stat(inRoot(file)).catch(() => null);
  return info === null ? null : `${info.size} ${info.mtimeMs}`;
};
