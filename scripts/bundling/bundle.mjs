import { basename, join, relative } from 'node:path';
import { build } from 'esbuild';
import { inRoot, ROOT } from '../bootstrap/root.mjs';
import { AS_SCRIPT, OWN_URL, filesOfScript } from './compiled/as-script.mjs';
import { lean } from './lean.mjs';
import { ownCode } from './own-code.mjs';
import { replaceFile } from './replace-file.mjs';
import { PLACE_BANNER, strangersPlace } from './strangers-place.mjs';
import { withoutSsh } from './without-ssh.mjs';

/** What bundled CommonJS modules ask for; a module of ours that makes its own `require` has it in a scope of its own. */
const BANNER = `import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);`;

const AS_MODULES = /** @type {const} */ ({ format: 'esm', banner: { js: `${BANNER} ${PLACE_BANNER}` } });

/**
 * Bundles a compiled program with all of its dependencies into what Node 20.19 and newer load: ES modules, or a script with
 * what starts it (compiled/). Each file is replaced in one step, the entry last: who starts meanwhile gets the old program
 * or the new one.
 *
 * @param {object} order
 * @param {string} order.entry below the checkout, such as "services/runner/dist/main.js"
 * @param {string} order.outdir
 * @param {boolean} order.splitting whether what is loaded only when needed goes into files of its own. Not where the
 *   bundle is replaced in its place: a program that runs already would look for files of its old self.
 * @param {'modules' | 'script'} order.form
 * @param {boolean} order.compact for what is copied about: a third smaller, in lines that nobody reads
 * @returns {Promise<string[]>} the files that went into it, below the checkout
 */
export async function bundle({ entry, outdir, splitting, form, compact }) {
  const result = await build({
    entryPoints: [inRoot(entry)],
    outdir,
    absWorkingDir: ROOT,
    bundle: true,
    splitting,
    write: false,
    metafile: true,
    platform: 'node',
    target: 'node20.19',
    // Names stay as they are, and lines of what stays here: they stand in the stack traces of the log.
    minifyWhitespace: compact,
    minifySyntax: true,
    ...(form === 'script' ? AS_SCRIPT : AS_MODULES),
    // Optional native parts of ws: it does without, and must not look for them in whatever folders lie above it.
    define: {
      'process.env.WS_NO_BUFFER_UTIL': '"1"',
      'process.env.WS_NO_UTF_8_VALIDATE': '"1"',
      ...(form === 'script' ? { 'import.meta.url': OWN_URL } : {}),
    },
    // Elsewhere a bundle has nothing beside it that its modules could name.
    plugins: [
      ...(outdir.startsWith(ROOT) ? [ownCode(outdir), strangersPlace(outdir)] : [ownCode(null)]),
      lean,
      withoutSsh,
    ],
    // Its other form, which its package names first, asks for its parts in a way that no bundler sees.
    alias: { 'jsonc-parser': 'jsonc-parser/lib/esm/main.js' },
    logLevel: 'warning',
  });
  const main = join(outdir, basename(entry));
  const files = result.outputFiles.toSorted((a, b) => Number(a.path === main) - Number(b.path === main));
  for (const { path, contents } of files) {
    if (form === 'modules') await replaceFile(path, contents);
    else for (const file of await filesOfScript(contents)) await replaceFile(join(outdir, file.name), file.contents);
  }
  return Object.keys(result.metafile.inputs).map((path) => relative(ROOT, inRoot(path)));
}
