import { randomBytes } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** `git init` for a repository whose commits have names like this one; nothing of the machine's templates is in it. */
export function initArguments(baseCommit: string, branch: string): string[] {
  const format = baseCommit.length === 64 ? 'sha256' : 'sha1';
  return ['init', '--template=', `--object-format=${format}`, `--initial-branch=${branch}`];
}

/**
 * Replaces a small file of a repository that is being made, in one step. Unlike other state it is not synced: the agent
 * has not begun, and what a crash of the machine takes with it here goes with the whole sandbox. Its folder is there.
 */
export async function putFile(path: string, text: string): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    await writeFile(temporary, text, { mode: 0o644, flag: 'wx' });
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/**
 * The refs of a repository that has none: in one file (gitrepository-layout(5), packed-refs), since two loose ones are folders
 * and files that the agent's start waits for. The names are valid ones (contracts' BranchName); each is of a commit, so that
 * there is nothing to peel.
 */
export async function putRefs(path: string, refs: Readonly<Record<string, string>>): Promise<void> {
  const rows = Object.entries(refs).toSorted(([one], [other]) => (one < other ? -1 : 1));
  const lines = rows.map(([ref, commit]) => `${commit} ${ref}\n`);
  await putFile(join(path, '.git/packed-refs'), `# pack-refs with: peeled fully-peeled sorted \n${lines.join('')}`);
}

/** Written, not asked of `git config` four times: the repository is a moment old and nobody else knows of it. */
export async function addRemote(path: string, url: string, baseBranch: string): Promise<void> {
  const file = join(path, '.git/config');
  const fetch = `+refs/heads/${baseBranch}:refs/remotes/origin/${baseBranch}`;
  const remote = `[remote "origin"]\n\turl = ${quoted(url)}\n\tfetch = ${quoted(fetch)}\n`;
  await putFile(file, (await readFile(file, 'utf8')) + remote);
}

/** git-config(1): in double quotes only `"` and `\` must be escaped (a branch name may have `#` and `;`). */
export const quoted = (value: string): string => `"${value.replace(/["\\]/g, '\\$&')}"`;
