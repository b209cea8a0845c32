// Bundles the compiled programs to dist/bundle/ of each: they start in less than half the time, and the runner's needs
// no node_modules but its terminal's native part. Nothing is done where a bundle is up to date.
import { bundlePrograms } from './bundling/programs.mjs';

await bundlePrograms();
