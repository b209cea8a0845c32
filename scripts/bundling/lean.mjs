import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const OURS = /\/(?:packages|services)\/[^/]+\/dist\/.*\.js$/;
const CONTRACTS = /\/packages\/contracts\/dist\//;

/**
 * Leaves out of a bundle what it does not use, which a bundler cannot know by itself: modules of the contracts only
 * define things, so one that nothing is taken from can go as a whole; and zod taken as a namespace, not through its
 * export `z`, is seen function by function. A runner loads in a third of the time for it.
 *
 * @type {import('esbuild').Plugin}
 */
export const lean = {
  name: 'lean',
  setup(build) {
    build.onResolve({ filter: /^\.\.?\/.*\.js$/ }, ({ path, importer }) =>
      CONTRACTS.test(importer)
        ? { path: fileURLToPath(new URL(path, `file://${importer}`)), sideEffects: false }
        : undefined,
    );
    build.onLoad({ filter: OURS }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      return { loader: 'js', contents: text.replace(/^import \{ z \} from 'zod';$/m, "import * as z from 'zod';") };
    });
  },
};
