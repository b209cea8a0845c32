import { readFile } from 'node:fs/promises';
import { relative } from 'node:path';

const OURS = /\/(?:packages|services)\/[^/]+\/dist\/.*\.js$/;

/**
 * Reads our own compiled modules for a bundle. What a module names relative to itself it finds from the bundle too: its
 * URL stays that of its own file, as seen from where the bundle lies. And zod taken as a namespace, not through its
 * export `z`, is seen by the bundler function by function.
 *
 * @param {string | null} outdir where the bundle will lie; null where that is away from the modules
 * @returns {import('esbuild').Plugin}
 */
export const ownCode = (outdir) => ({
  name: 'own-code',
  setup(build) {
    build.onLoad({ filter: OURS }, async ({ path }) => {
      const text = (await readFile(path, 'utf8')).replace(/^import \{ z \} from 'zod';$/m, "import * as z from 'zod';");
      if (outdir === null) return { loader: 'js', contents: text };
      const url = `new URL(${JSON.stringify(relative(outdir, path))}, import.meta.url).href`;
      return { loader: 'js', contents: text.replaceAll('import.meta.url', url) };
    });
  },
});
