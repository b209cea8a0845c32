import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { putFile } from './repository-files.ts';

/** What of a prepared checkout is looked at when it is made an attempt's own; there is no commit in it. */
export async function layOutRehearsal(path: string, commit: string, hubObjects: string): Promise<void> {
  const git = join(path, '.git');
  await mkdir(join(git, 'objects/info'), { recursive: true });
  await putFile(join(git, 'HEAD'), `${commit}\n`);
  await putFile(join(git, 'config'), '[core]\n\trepositoryformatversion = 0\n');
  await putFile(join(git, 'objects/info/alternates'), `${hubObjects}\n`);
}
