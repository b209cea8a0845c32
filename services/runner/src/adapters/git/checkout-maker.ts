import { mkdir, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { CheckoutMaker, CheckoutOrder } from '../../ports.ts';
import { borrowObjects } from './borrowed-objects.ts';
import { type GitOptions, git } from './git.ts';
import { initArguments, putFile } from './repository-files.ts';

/** The branch that `git init` wants a name for; HEAD leaves it at once. */
const NO_BRANCH = 'none';

/** Makes prepared checkouts: the repository that worktrees of later attempts are laid over, unwritten from then on. */
export class PreparedCheckoutMaker implements CheckoutMaker {
  readonly #inherited: Readonly<Record<string, string>>;

  constructor(inherited: Readonly<Record<string, string>>) {
    this.#inherited = inherited;
  }

  async make({ path, hubObjects, baseCommit }: CheckoutOrder, signal: AbortSignal): Promise<void> {
    const options: GitOptions = { path, inherited: this.#inherited, signal };
    await mkdir(path, { recursive: true, mode: 0o700 });
    await git(options, initArguments(baseCommit, NO_BRANCH));
    await borrowObjects(path, hubObjects);
    await git(options, ['cat-file', '-e', `${baseCommit}^{commit}`]);
    await putFile(join(path, '.git/HEAD'), `${baseCommit}\n`);
    await git(options, ['read-tree', '--reset', '-u', '--no-recurse-submodules', baseCommit]);
    await settleIndex(join(path, '.git/index'), signal);
  }
}

/**
 * Git reads a file again, at each look, for as long as the index is not of a later second than the file (it could have
 * changed within that second unseen). Nothing writes here any more, so the index is dated once that second is over. There
 * is no event for "the clock has gone on"; the wait is at most a second, once a checkout.
 */
async function settleIndex(index: string, signal: AbortSignal): Promise<void> {
  const { mtimeMs } = await stat(index);
  const nextSecond = (Math.floor(mtimeMs / 1_000) + 1) * 1_000;
  await delay(Math.max(nextSecond - Date.now(), 0) + 1, undefined, { signal });
  const now = new Date();
  await utimes(index, now, now);
}
