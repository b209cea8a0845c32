import { build, isBuilt } from './build.mjs';
import { BootstrapFault } from './fault.mjs';
import { install, isInstalled } from './install.mjs';
import { withLock } from './lock.mjs';
import { checkRequirements } from './requirements.mjs';
import { inRoot } from './root.mjs';

const WAIT_MS = 900_000;

/**
 * Installs and builds what is missing or stale. Where all is there it reads some hundred file times and is done.
 *
 * @param {{ quiet: boolean, build: boolean }} options quiet: a wait for another bootstrap is not told
 * @returns {Promise<boolean>} false where it could not: told on standard error, process.exitCode set
 */
export async function bootstrap(options) {
  try {
    await checkRequirements();
    const isReady = async () => (await isInstalled()) && (!options.build || (await isBuilt()));
    if (await isReady()) return true;
    const onWait = () => options.quiet || process.stderr.write('roundhouse: waiting for another bootstrap …\n');
    await withLock(inRoot('.roundhouse/bootstrap.lock'), { waitMs: WAIT_MS, onWait }, async () => {
      if (!(await isInstalled())) await install();
      if (options.build && !(await isBuilt())) await build();
    });
    return true;
  } catch (error) {
    if (!(error instanceof BootstrapFault)) throw error;
    process.stderr.write(`roundhouse: ${error.message}\n`);
    process.exitCode = error.exitCode;
    return false;
  }
}
