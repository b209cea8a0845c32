import { readFile, stat, writeFile } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { inRoot, ROOT } from '../bootstrap/root.mjs';
import { compileRunner } from './compiled/compile.mjs';

/** @typedef {{ entry: string, outdir: string }} Program below the checkout */

/** @param {string} folder @param {string} [main] @returns {Program} */
const program = (folder, main = 'main.js') => ({ entry: `${folder}/dist/${main}`, outdir: `${folder}/dist/bundle` });

const RUNNER = program('services/runner');
/** The runner's bundle is the one that leaves the checkout, for containers. */
export const RUNNER_BUNDLE = RUNNER.outdir;

/**
 * What a user starts, and what that starts: each loads from one file, in less than half the time that its modules take.
 *
 * @type {readonly Program[]}
 */
const PROGRAMS = [
  program('packages/cli'),
  program('services/coordinator'),
  program('services/launcher'),
  program('services/mcp-gateway'),
  program('services/mcp-gateway', 'stdio-main.js'),
  program('services/relay'),
  RUNNER,
];

/** @param {Program} program @returns {string} */
const bundleOf = ({ entry, outdir }) => join(outdir, basename(entry));
/** @param {Program} program */
const stampFileOf = (program) => `${bundleOf(program)}.inputs.json`;
/** What decides how it is bundled, beside what is bundled. */
const RECIPE = [
  ...['bundle', 'lean', 'own-code', 'strangers-place', 'without-ssh'].map((name) => `scripts/bundling/${name}.mjs`),
  'node_modules/esbuild/package.json',
];
/** And how it is compiled: Node takes no code of another Node. */
const COMPILER = [
  ...['as-script', 'compile', 'program', 'rehearse', 'start'].map((name) => `scripts/bundling/compiled/${name}.mjs`),
  relative(ROOT, process.execPath),
];

/**
 * Bundles the programs of which one of the files that went into the last bundle has changed, or that have none. Needs
 * the compiled packages.
 *
 * @param {readonly Program[]} programs
 * @returns {Promise<Program[]>} those that there was something to do for
 */
export async function bundlePrograms(programs = PROGRAMS) {
  const stale = [];
  for (const program of programs) if (!(await isBundled(program))) stale.push(program);
  if (stale.length === 0) return stale;
  await Promise.all(stale.map(bundleProgram));
  return stale;
}

/** The runner is what starts again and again: it is compiled, too. @param {Program} program */
async function bundleProgram(program) {
  const { bundle } = await import('./bundle.mjs');
  const { entry, outdir } = { ...program, outdir: inRoot(program.outdir) };
  const isRunner = program === RUNNER;
  const form = isRunner ? 'script' : 'modules';
  const inputs = await bundle({ entry, outdir, splitting: false, form, compact: isRunner });
  const recipe = isRunner ? [...RECIPE, ...COMPILER] : RECIPE;
  const stamped = JSON.stringify(await stamps([...inputs, ...recipe]));
  if (isRunner) await compileRunner(outdir, process.execPath);
  await writeFile(inRoot(stampFileOf(program)), stamped);
}

/** Only the runner. @returns {Promise<Program[]>} */
export const bundleRunner = () => bundlePrograms([RUNNER]);

/** @param {Program} program @returns {Promise<boolean>} whether the bundle is of just the files that are there now */
export async function isBundled(program) {
  const text = await readFile(inRoot(stampFileOf(program)), 'utf8').catch(() => null);
  if (text === null || (await stampOf(bundleOf(program))) === null) return false;
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
