import { execFile } from 'node:child_process';
import { BootstrapFault } from './fault.mjs';

/** Node 20.19 is the first 20 that loads ES modules by require(), which some of our dependencies do. */
const NODE = /** @type {const} */ ([20, 19]);
/** git 2.38 is the first with `merge-tree --write-tree`, which landing needs. */
const GIT = /** @type {const} */ ([2, 38]);

/**
 * @param {string} text anything with a version in it, such as "git version 2.39.5"
 * @param {readonly [number, number]} least major and minor
 * @returns {boolean} whether the first version in the text is at least that; false where there is none
 */
export function isAtLeast(text, least) {
  const match = /(\d+)\.(\d+)/.exec(text);
  if (match === null) return false;
  const [major, minor] = [Number(match[1]), Number(match[2])];
  return major > least[0] || (major === least[0] && minor >= least[1]);
}

/** Refuses, in words, a machine on which Roundhouse cannot run. */
export async function checkRequirements() {
  if (process.platform === 'win32') {
    throw new BootstrapFault('Windows is not supported (there is no process group to end); use WSL 2.');
  }
  if (!isAtLeast(process.versions.node, NODE)) {
    throw new BootstrapFault(
      `Node ${NODE.join('.')} or newer is needed; this is ${process.versions.node} (${process.execPath}). See https://nodejs.org/en/download`,
    );
  }
  const git = await versionOf('git');
  if (git === null) throw new BootstrapFault('git is needed and is not on the PATH. See https://git-scm.com/downloads');
  if (!isAtLeast(git, GIT)) throw new BootstrapFault(`git ${GIT.join('.')} or newer is needed; this is: ${git}`);
}

/** @param {string} program @returns {Promise<string | null>} null where it cannot be run */
function versionOf(program) {
  return new Promise((resolve) => {
    execFile(program, ['--version'], { timeout: 10_000 }, (error, stdout) => resolve(error ? null : stdout.trim()));
  });
}
