import { sourceFiles } from './sources.mjs';

/** ESLint's form: what stands after " -- " is the reason. */
const DISABLE = /(?:oxlint|eslint)-disable[\w-]*([^\n]*)/g;
const SILENCED = /@ts-(?:ignore|nocheck|expect-error)([^\n]*)/g;

/** @param {import('./sources.mjs').SourceFile} file @returns {string[]} */
export function unreasonedDisablesIn({ path, text }) {
  const lint = [...text.matchAll(DISABLE)].filter(([, rest = '']) => !/ -- \S.{9,}/.test(rest));
  const types = [...text.matchAll(SILENCED)].filter(([, rest = '']) => rest.trim().length < 10);
  return [...lint, ...types].map(({ 0: match }) => `${path}: without a reason: ${match.trim()}`);
}

/** A rule may be switched off at a place, and the place says why. */
export async function checkDisableReasons() {
  const comment = ['// oxlint', 'disable-next-line no-console'].join('-');
  const planted = [comment, `${comment} -- the reason is this`].map((text) => unreasonedDisablesIn({ path: '', text }));
  if (planted[0]?.length !== 1 || planted[1]?.length !== 0) return { ok: false, output: 'the check sleeps' };
  const ours = (/** @type {string} */ path) => /\.(ts|mjs|cjs)$/.test(path) && !path.includes('disable-reasons');
  const faults = (await sourceFiles(ours)).flatMap(unreasonedDisablesIn);
  return { ok: faults.length === 0, output: faults.join('\n') };
}
