import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '@roundhouse/host';
import type { WorktreeOrder, WorktreeProvider } from '../../ports.ts';
import { type GitOptions, git } from './git.ts';

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
    const format = baseCommit.length === 64 ? 'sha256' : 'sha1';
    await git(options, ['init', '--template=', `--object-format=${format}`, `--initial-branch=${branch}`]);
    await addRemote(path, hub.url, baseBranch);
    if (hubObjects !== null) {
      await mkdir(join(path, '.git/objects/info'), { recursive: true });
      await writeFileAtomic(join(path, '.git/objects/info/alternates'), `${hubObjects}\n`, { mode: 0o644 });
      await borrowShallow(hubObjects, path);
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

/** A hub that was filled from a shallow clone lacks the parents of some commits, and git must be told which (gitshallow(5)). */
async function borrowShallow(hubObjects: string, path: string): Promise<void> {
  const shallow = await readFile(join(hubObjects, '../shallow'), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (shallow !== null) await writeFileAtomic(join(path, '.git/shallow'), shallow, { mode: 0o644 });
}

/** Written, not asked of `git config` four times: the file is a minute old at most and nobody else knows of it. */
async function addRemote(path: string, url: string, baseBranch: string): Promise<void> {
  const file = join(path, '.git/config');
  const remote = `[remote "origin"]\n\turl = ${quoted(url)}\n\tfetch = ${quoted(`+refs/heads/${baseBranch}:refs/remotes/origin/${baseBranch}`)}\n`;
  await writeFileAtomic(file, (await readFile(file, 'utf8')) + remote, { mode: 0o644 });
}

/** git-config(1): in double quotes only `"` and `\` must be escaped (a branch name may have `#` and `;`). */
const quoted = (value: string): string => `"${value.replace(/["\\]/g, '\\$&')}"`;
