import { mkdir } from 'node:fs/promises';
import type { WorktreeOrder, WorktreeProvider } from '../../ports.ts';
import { borrowObjects } from './borrowed-objects.ts';
import { type GitOptions, git } from './git.ts';
import { addRemote, initArguments } from './repository-files.ts';

/**
 * The worktree provider that works everywhere: a repository of its own whose objects are borrowed from the hub where it
 * can be read, else fetched, and an ordinary checkout. Attributes of filters (LFS) and submodules are left as they are.
 */
export class CheckoutWorktrees implements WorktreeProvider {
  readonly #inherited: Readonly<Record<string, string>>;

  constructor(inherited: Readonly<Record<string, string>>) {
    this.#inherited = inherited;
  }

  async create(order: WorktreeOrder, signal: AbortSignal): Promise<void> {
    const { path, hub, hubObjects, baseBranch, baseCommit, branch } = order;
    const options: GitOptions = { path, inherited: this.#inherited, signal };
    await mkdir(path, { recursive: true, mode: 0o700 });
    await git(options, initArguments(baseCommit, branch));
    await addRemote(path, hub.url, baseBranch);
    if (hubObjects !== null) {
      await borrowObjects(path, hubObjects);
    } else {
      await git({ ...options, access: hub }, [
        'fetch',
        '--no-tags',
        '--no-write-fetch-head',
        '--no-recurse-submodules',
        hub.url,
        baseCommit,
      ]);
    }
    const refs = [
      `create refs/heads/${branch} ${baseCommit}`,
      `create refs/remotes/origin/${baseBranch} ${baseCommit}`,
    ];
    await git({ ...options, input: ['start', ...refs, 'commit', ''].join('\n') }, ['update-ref', '--stdin']);
    await git(options, ['reset', '--hard', '--no-recurse-submodules']);
  }
}
