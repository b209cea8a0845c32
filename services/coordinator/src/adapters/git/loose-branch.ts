import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * The commit of a branch as git's file of it says (gitrepository-layout(5), refs), or null where git itself must be
 * asked: the branch may be packed, or not be there. It stands on the way of every start, where a process of git costs ten
 * times what the rest does. Git replaces the file by a rename, so it is never seen half written, and it outranks a packed
 * one. `name` is a branch name by the rules of git, so it leads nowhere else.
 */
export async function looseBranch(gitDir: string, name: string): Promise<string | null> {
  const content = await readFile(join(gitDir, 'refs', 'heads', name), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'EISDIR' || error.code === 'ENOTDIR') return '';
    throw error;
  });
  return /^([0-9a-f]{40}|[0-9a-f]{64})\n$/.exec(content)?.[1] ?? null;
}
