import { lstat, readdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { GitError, type GitOptions, git } from './git.ts';

const MAX_DEPTH = 8;

/**
 * Puts the files of repositories that lie inside the worktree into the index as plain files. Git itself would record such
 * a folder as a bare commit id, or refuse it, and what is in it would be lost with the worktree.
 */
export async function addNestedFiles(options: GitOptions): Promise<void> {
  const nested = await nestedFolders(options, '');
  if (nested.length === 0) return;
  const files: string[] = [];
  for (const folder of nested) files.push(...(await filesOf(options, folder, MAX_DEPTH)));
  await git({ ...options, input: nested.map((folder) => `${folder}\0`).join('') }, [
    'update-index',
    '--force-remove',
    '-z',
    '--stdin',
  ]);
  await git({ ...options, input: files.map((file) => `${file}\0`).join('') }, [
    'update-index',
    '--add',
    '--remove',
    '-z',
    '--stdin',
  ]);
}

/** Folders with a repository of their own: recorded as commit ids in the index, or left out of it as a whole. */
async function nestedFolders(options: GitOptions, prefix: string): Promise<string[]> {
  const recorded = (await git(options, ['ls-files', '--stage', '-z']))
    .split('\0')
    .filter((line) => line.startsWith('160000 '))
    .map((line) => line.slice(line.indexOf('\t') + 1));
  const leftOut = (await git(options, ['ls-files', '--others', '--exclude-standard', '-z']))
    .split('\0')
    .filter((name) => name.endsWith('/'))
    .map((name) => name.slice(0, -1));
  const found: string[] = [];
  for (const folder of new Set([...recorded, ...leftOut])) {
    if (await hasRepository(join(options.path, folder))) found.push(prefix + folder);
  }
  return found;
}

async function filesOf(options: GitOptions, folder: string, depth: number): Promise<string[]> {
  const path = join(options.path, folder);
  const { inherited, signal } = options;
  const own: GitOptions = { path, inherited, signal };
  try {
    const names = (
      await git(own, ['ls-files', '--cached', '--others', '--exclude-standard', '--deduplicate', '-z'])
    ).split('\0');
    const inner = depth > 0 ? await nestedFolders(own, `${folder}/`) : [];
    const deeper = await Promise.all(inner.map((name) => filesOf(options, name, depth - 1)));
    const plain = names.filter((name) => name !== '' && !name.endsWith('/') && !inner.includes(`${folder}/${name}`));
    return [...plain.map((name) => `${folder}/${name}`), ...deeper.flat()];
  } catch (error) {
    if (!(error instanceof GitError) || signal.aborted) throw error;
    // Git cannot read that repository: then its folder is all that there is to go by.
    return (await plainFiles(path)).map((name) => `${folder}/${name}`);
  }
}

async function plainFiles(path: string): Promise<string[]> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const names = entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(path, join(entry.parentPath, entry.name)));
  return names.filter((name) => !name.split(sep).includes('.git'));
}

async function hasRepository(folder: string): Promise<boolean> {
  try {
    await lstat(join(folder, '.git'));
    return true;
  } catch {
    return false;
  }
}
