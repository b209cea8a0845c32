import type { CheckGit } from '../../ports.ts';
import { GitError, git } from './git.ts';
import { tooOld } from './missing-git.ts';

/** Asks git for its version, once where it will do. That also brings it into the machine's cache. */
export function gitCheck(inherited: Readonly<Record<string, string>>): CheckGit {
  let isGood = false;
  return async (signal) => {
    if (isGood) return;
    // Any folder that is there: none is looked at.
    const fault = tooOld(await git({ path: '/', inherited, signal }, ['version']));
    if (fault !== null) throw new GitError(fault);
    isGood = true;
  };
}
