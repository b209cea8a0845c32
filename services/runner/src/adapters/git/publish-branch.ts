import type { HubAccess, Publisher, PublishResult } from '../../ports.ts';
import { git } from './git.ts';
import { readStatus } from './status.ts';

/** Publishes over git's smart HTTP: one look at the worktree, one push of the very commit that was looked at. */
export class BranchPublisher implements Publisher {
  readonly #inherited: Readonly<Record<string, string>>;

  constructor(inherited: Readonly<Record<string, string>>) {
    this.#inherited = inherited;
  }

  async publish(order: { path: string; hub: HubAccess; branch: string }, signal: AbortSignal): Promise<PublishResult> {
    const { path, hub, branch } = order;
    const options = { path, inherited: this.#inherited, signal };
    const status = readStatus(
      await git(options, [
        'status',
        '--porcelain=v2',
        '--branch',
        '-z',
        '--untracked-files=normal',
        '--ignore-submodules=untracked',
      ]),
    );
    if (status.commit === null) return { outcome: 'failed', reason: 'HEAD has no commit yet' };
    const { commit, dirty, untracked } = status;
    if (dirty.length === 0) await pushCommit({ ...options, access: hub }, hub.url, commit, `refs/heads/${branch}`);
    return { outcome: 'published', commit, dirty, untracked };
  }
}

/** Pushes one commit to one ref, whatever the ref was before: attempts and re-done work replace what they pushed. */
export async function pushCommit(
  options: Parameters<typeof git>[0],
  url: string,
  commit: string,
  ref: string,
): Promise<void> {
  await git(options, [
    'push',
    '--porcelain',
    '--no-verify',
    '--force',
    '--no-recurse-submodules',
    '--end-of-options',
    url,
    `${commit}:${ref}`,
  ]);
}
