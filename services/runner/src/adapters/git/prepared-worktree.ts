import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { WorktreeOrder, WorktreeProvider } from '../../ports.ts';
import { borrowObjects, lenderOf } from './borrowed-objects.ts';
import { GitError, git } from './git.ts';
import { addRemote, putFile, putRefs } from './repository-files.ts';

/**
 * The worktree provider where a copy of a prepared checkout (checkout-maker.ts) is mounted already: some small files make
 * it the attempt's own, and no process is started for it. The files of the tree, and what the index knows of their times,
 * are those of the checkout, so git has nothing to read again. A checkout of an earlier commit is brought up to the base.
 */
export class PreparedWorktrees implements WorktreeProvider {
  readonly #inherited: Readonly<Record<string, string>>;

  constructor(inherited: Readonly<Record<string, string>>) {
    this.#inherited = inherited;
  }

  async create(order: WorktreeOrder, signal: AbortSignal): Promise<void> {
    const { path, hub, hubObjects, baseBranch, baseCommit, branch } = order;
    if (hubObjects === null)
      throw new GitError('a prepared checkout needs the hub’s objects, and none can be read here');
    const [head, lender] = await Promise.all([preparedHead(path), lenderOf(path)]);
    await Promise.all([
      lender === hubObjects ? null : borrowObjects(path, hubObjects),
      putRefs(path, { [`refs/heads/${branch}`]: baseCommit, [`refs/remotes/origin/${baseBranch}`]: baseCommit }),
      addRemote(path, hub.url, baseBranch),
    ]);
    signal.throwIfAborted();
    if (head !== baseCommit) {
      const options = { path, inherited: this.#inherited, signal };
      await git(options, ['read-tree', '--reset', '-u', '--no-recurse-submodules', baseCommit]);
    }
    // The last: from here on it is on its branch.
    await putFile(join(path, '.git/HEAD'), `ref: refs/heads/${branch}\n`);
  }
}

/** The commit that the checkout was prepared at. @throws where what is mounted is no prepared checkout. */
async function preparedHead(path: string): Promise<string> {
  const head = (await readFile(join(path, '.git/HEAD'), 'utf8').catch(() => '')).trim();
  if (/^[0-9a-f]{40}(?:[0-9a-f]{24})?$/.test(head)) return head;
  throw new GitError(`there is no prepared checkout at ${path}`);
}
