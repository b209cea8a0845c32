import { createHash } from 'node:crypto';
import { build } from 'esbuild';
import { inRoot } from '../../bootstrap/root.mjs';
import { MARK_LENGTH, PROGRAM_FILE } from './program.mjs';

/** As strict as the modules that it is made of, and with what they know of their place. */
const BEGIN = `(function (require, __url) { 'use strict';
const __placed = (path) => require('node:url').fileURLToPath(new URL(path, __url));`;

/** What has a program bundled as one script. It has no await of its own: none of its modules may have one at its top. */
export const AS_SCRIPT = /** @type {const} */ ({
  format: 'cjs',
  banner: { js: BEGIN },
  footer: { js: '})' },
});
/** What a module's own URL is in it. */
export const OWN_URL = '__url';

/**
 * The files of a bundled script, the one that is started last. It is CommonJS: only scripts can be loaded from code that
 * was compiled before, and only of CommonJS Node loads nothing but this one file.
 *
 * @param {Uint8Array} contents
 * @returns {Promise<readonly { readonly name: string, readonly contents: Uint8Array }[]>}
 */
export async function filesOfScript(contents) {
  const mark = `//${createHash('sha256').update(contents).digest('hex')}`.padEnd(MARK_LENGTH - 1);
  const loader = await build({
    entryPoints: [inRoot('scripts/bundling/compiled/start.mjs')],
    bundle: true,
    write: false,
    format: 'cjs',
    platform: 'node',
    target: 'node20.19',
    define: { 'import.meta.dirname': '__dirname' },
    minifySyntax: true,
    minifyWhitespace: true,
    logLevel: 'warning',
  });
  return [
    { name: PROGRAM_FILE, contents: Buffer.concat([Buffer.from(`${mark}\n`), contents]) },
    { name: 'package.json', contents: Buffer.from('{"private":true,"type":"commonjs"}') },
    { name: 'main.js', contents: loader.outputFiles[0]?.contents ?? new Uint8Array() },
  ];
}
