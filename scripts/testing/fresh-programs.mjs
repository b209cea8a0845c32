import { bundlePrograms } from '../bundling/programs.mjs';

/** Before the first test: what the tests start is made of what is compiled now, also where only `tsc -b` was run. */
export async function setup() {
  await bundlePrograms();
}
