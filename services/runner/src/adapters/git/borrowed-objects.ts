import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { putFile } from './repository-files.ts';

/** Lets a repository read the hub's objects, without a copy, and tells it where the hub's history ends. */
export async function borrowObjects(path: string, hubObjects: string): Promise<void> {
  const info = join(path, '.git/objects/info');
  await mkdir(info, { recursive: true });
  await putFile(join(info, 'alternates'), `${hubObjects}\n`);
  // A hub that was filled from a shallow clone lacks the parents of some commits: gitshallow(5).
  const shallow = await readIfThere(join(hubObjects, '../shallow'));
  if (shallow !== null) await putFile(join(path, '.git/shallow'), shallow);
}

/** Where a repository borrows its objects from; null where it borrows none. */
export async function lenderOf(path: string): Promise<string | null> {
  return (await readIfThere(join(path, '.git/objects/info/alternates')))?.trimEnd() ?? null;
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
