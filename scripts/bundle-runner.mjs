// Bundles the compiled runner to services/runner/dist/bundle/main.js: it starts in less than half the time, and needs
// no node_modules but its terminal's native part. Nothing is done where the bundle is up to date.
import { bundleRunner } from './bundling/runner-bundle.mjs';

await bundleRunner();
