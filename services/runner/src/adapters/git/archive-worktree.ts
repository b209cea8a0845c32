import { copyFile, mkdir, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ArchiveResult, Archiver, HubAccess } from '../../ports.ts';
import { GitError, type GitOptions, git } from './git.ts';
import { filterOptions } from './instructions-filter.ts';
import { addNestedFiles } from './nested-repositories.ts';
import { pushCommit } from './publish-branch.ts';

interface Order {
  readonly path: string;
  readonly scratch: string;
  readonly hub: HubAccess;
  readonly ref: string;
}

const IDENTITY = { name: 'Roundhouse', email: 'archive@roundhouse.invalid' };
const FILES_MESSAGE =
  'Files when the attempt ended\n\nIts commits held the instructions of the sub-task, and were not kept.\n';
const MESSAGE = 'Work that was not committed when the attempt ended\n';

/** Archives over git's smart HTTP. */
export class WorktreeArchiver implements Archiver {
  readonly #inherited: Readonly<Record<string, string>>;

  constructor(inherited: Readonly<Record<string, string>>) {
    this.#inherited = inherited;
  }

  async archive(order: Order, signal: AbortSignal): Promise<ArchiveResult> {
    const { path, scratch, hub, ref } = order;
    if (!(await isFolder(path))) return { outcome: 'nothing', reason: 'no worktree was made' };
    await mkdir(scratch, { recursive: true, mode: 0o700 });
    try {
      const repository = await this.#repository(order, signal);
      const options = { ...repository, config: await filterOptions(dirname(path)) };
      const head = await headOf(options);
      const storing = await storingApart(options, scratch);
      const push = (commit: string): Promise<void> => pushCommit({ ...storing, access: hub }, hub.url, commit, ref);
      let commit = await snapshot(storing, scratch, head);
      try {
        await push(commit);
      } catch (error) {
        if (!isRefused(error)) throw error;
        commit = await snapshotOfFiles(storing, scratch, head);
        await push(commit);
      }
      return { outcome: 'archived', commit };
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  }

  /** The worktree's own repository, or an empty one beside it where the agent has broken or removed it. */
  async #repository({ path, scratch }: Order, signal: AbortSignal): Promise<GitOptions> {
    const options: GitOptions = { path, inherited: this.#inherited, signal };
    try {
      await git(options, ['rev-parse', '--git-dir']);
      return options;
    } catch (error) {
      if (!(error instanceof GitError) || signal.aborted) throw error;
    }
    const rescue = { ...options, gitDir: join(scratch, 'rescue.git') };
    await git(rescue, ['init', '--template=']);
    return rescue;
  }
}

/** New objects go into the scratch folder: the worktree's disk may be full, and is left as it was. */
async function storingApart(options: GitOptions, scratch: string): Promise<GitOptions> {
  // The empty one beside a broken repository lies in the scratch folder itself.
  if (options.gitDir !== undefined) return options;
  const into = join(scratch, 'objects');
  await mkdir(into);
  return { ...options, objects: { into, besides: join(options.path, '.git/objects') } };
}

/** The commit that holds everything: HEAD itself where nothing differs from it, else a new one on top of it. */
async function snapshot(options: GitOptions, scratch: string, head: string | null): Promise<string> {
  const indexFile = join(scratch, 'index');
  const own = { ...options, indexFile, identity: IDENTITY };
  await takeIndex(options, indexFile, head);
  await addAll(own);
  await addNestedFiles(own);
  const tree = (await git(own, ['write-tree'])).trim();
  if (head !== null && (await git(options, ['rev-parse', '--verify', `${head}^{tree}`])).trim() === tree) return head;
  const parents = head === null ? [] : ['-p', head];
  return (await git({ ...own, input: MESSAGE }, ['commit-tree', tree, ...parents])).trim();
}

/** The hub takes no commit that has the instructions of a sub-task in it. */
const isRefused = (error: unknown): boolean =>
  error instanceof GitError && error.message.includes('instructions_in_push');

/**
 * The files as they are, upon the last commit of HEAD's that the hub has: the commits since then cannot be kept, because one
 * of them holds instructions. Nothing of the index is believed, so that each file goes through the filter.
 */
async function snapshotOfFiles(options: GitOptions, scratch: string, head: string | null): Promise<string> {
  const own = { ...options, indexFile: join(scratch, 'files-index'), identity: IDENTITY };
  const base = head === null ? null : await baseOf(options, head);
  if (base !== null) await git(own, ['read-tree', base]);
  await addAll(own);
  await addNestedFiles(own);
  const tree = (await git(own, ['write-tree'])).trim();
  const parents = base === null ? [] : ['-p', base];
  return (await git({ ...own, input: FILES_MESSAGE }, ['commit-tree', tree, ...parents])).trim();
}

async function baseOf(options: GitOptions, head: string): Promise<string | null> {
  try {
    const known = await git(options, ['for-each-ref', '--format=%(objectname)', '--count=1', 'refs/remotes/origin/']);
    return (await git(options, ['merge-base', head, known.trim()])).trim();
  } catch (error) {
    if (!(error instanceof GitError) || options.signal.aborted) throw error;
    return null;
  }
}

/**
 * A copy of the worktree's index, whose times spare reading every file again. Where there is none, or it is broken, one is
 * made from HEAD: files that are tracked although they are ignored are known by the index alone.
 */
async function takeIndex(options: GitOptions, indexFile: string, head: string | null): Promise<void> {
  try {
    await copyFile(join(options.gitDir ?? join(options.path, '.git'), 'index'), indexFile);
    await git({ ...options, indexFile }, ['diff-files', '--quiet', '--', ':(top,literal)no such file']);
  } catch {
    options.signal.throwIfAborted();
    await rm(indexFile, { force: true });
    if (head !== null) await git({ ...options, indexFile }, ['read-tree', head]);
  }
}

/** One file that cannot be read (or a repository inside without a commit) must not cost all the others. */
async function addAll(options: GitOptions): Promise<void> {
  try {
    await git(options, ['add', '--all', '--ignore-errors', '--', '.']);
  } catch (error) {
    if (!(error instanceof GitError) || options.signal.aborted) throw error;
  }
}

async function headOf(options: GitOptions): Promise<string | null> {
  try {
    return (await git(options, ['rev-parse', '--verify', '--quiet', 'HEAD^{commit}'])).trim();
  } catch (error) {
    if (!(error instanceof GitError) || options.signal.aborted) throw error;
    return null;
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
