import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { inRoot, ROOT } from '../bootstrap/root.mjs';

/** One file of the checkout: its path from the root, with "/". @typedef {{ path: string, text: string }} SourceFile */

const LARGEST_BYTES = 2 * 1024 * 1024;

/** @param {(path: string) => boolean} wanted @returns {Promise<SourceFile[]>} files that git tracks or would add */
export async function sourceFiles(wanted) {
  const args = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const { stdout } = await promisify(execFile)('git', args, { cwd: ROOT, maxBuffer: 64 * 1024 * 1024 });
  const paths = [...new Set(stdout.split('\0'))].filter((path) => path !== '' && wanted(path));
  const files = await Promise.all(paths.map(read));
  return files.filter((file) => file !== null);
}

/** Null where it is deleted, binary or huge. @param {string} path @returns {Promise<SourceFile | null>} */
async function read(path) {
  const bytes = await readFile(inRoot(path)).catch(() => null);
  if (bytes === null || bytes.length > LARGEST_BYTES || bytes.includes(0)) return null;
  return { path, text: bytes.toString('utf8') };
}

/** What runs in production: the code of packages and services without tests and what serves tests only. */
export const isProductCode = (/** @type {string} */ path) =>
  /^(packages|services)\/[^/]+\/src\/.*\.ts$/.test(path) &&
  !/\.test\.ts$|\/src\/testing\/|^packages\/testkit\//.test(path);

/** Behaviour that several adapters' tests run: its tests cite scenarios, but it is no test file itself. */
export const isSuite = (/** @type {string} */ path) => path.endsWith('-suite.ts');

export const isTest = (/** @type {string} */ path) => /\.test\.(ts|mjs)$/.test(path);
