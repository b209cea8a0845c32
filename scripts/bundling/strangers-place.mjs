import { readFile } from 'node:fs/promises';
import { dirname, relative } from 'node:path';

const COMMON_JS = /\/node_modules\/.*\.c?js$/;
const PLACE = /\b__(?:dirname|filename)\b/;
const MODULE = /^\s*(?:import|export)\b/m;

/** What the bundle begins with, for the modules below. */
export const PLACE_BANNER = `import { fileURLToPath as __toPath } from 'node:url'; const __placed = (path) => __toPath(new URL(path, import.meta.url));`;

/**
 * CommonJS modules of others that look for files beside themselves find them from a bundle too, where it lies in the
 * checkout: what they know of their place is that of their own file.
 *
 * @param {string} outdir where the bundle will lie
 * @returns {import('esbuild').Plugin}
 */
export const strangersPlace = (outdir) => ({
  name: 'strangers-place',
  setup(build) {
    build.onLoad({ filter: COMMON_JS }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      if (!PLACE.test(text) || MODULE.test(text)) return undefined;
      const [file, folder] = [path, dirname(path)].map((place) => JSON.stringify(relative(outdir, place)));
      return { loader: 'js', contents: `var __filename = __placed(${file}), __dirname = __placed(${folder}); ${text}` };
    });
  },
});
