import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '@roundhouse/host';
import { git } from '../git.ts';

const FILES: Readonly<Record<string, string>> = {
  'README.md': '# Sample\n\nA small repository that Roundhouse made, to try it on.\n',
  'src/greeting.txt': 'Hello.\n',
  'src/farewell.txt': 'Goodbye.\n',
};

const IDENTITY = [
  '-c',
  'user.name=Roundhouse',
  '-c',
  'user.email=sample@roundhouse.invalid',
  '-c',
  'commit.gpgsign=false',
];

/** Makes a git repository with one commit on `main`, unless the folder holds one already. Answers the folder. */
export async function ensureSampleRepository(
  folder: string,
  environment: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<string> {
  const options = { cwd: folder, environment, signal };
  if ((await stat(join(folder, '.git')).catch(() => null)) !== null && (await isCommitted(options))) return folder;
  await mkdir(join(folder, 'src'), { recursive: true });
  await git(['init', '--quiet', '--initial-branch=main'], options);
  for (const [name, text] of Object.entries(FILES)) await writeFileAtomic(join(folder, name), text, { mode: 0o644 });
  await git(['add', '--all'], options);
  await git([...IDENTITY, 'commit', '--quiet', '--no-verify', '--message', 'A sample to begin with'], options);
  return folder;
}

// A start that was cut short leaves a repository without a commit; then it is made again.
const isCommitted = (options: Parameters<typeof git>[1]): Promise<boolean> =>
  git(['rev-parse', '--verify', '--quiet', 'HEAD^{commit}'], options).then(
    () => true,
    () => false,
  );
