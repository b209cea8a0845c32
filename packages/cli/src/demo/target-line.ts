import { git, type GitOptions } from '../git.ts';
import { canBeTarget, type Target } from './scenario.ts';

/** How many files are looked at, at most, for a first line that three tasks can change. */
const MAX_TRIES = 40;

/**
 * Finds the line that several tasks will change: the first line of README.md, or of another text file at the top.
 * The repository is only read, at its last commit. Answers null where no file is fit.
 */
export async function findTarget(options: GitOptions): Promise<Target | null> {
  const names = (await git(['ls-tree', '-z', '--name-only', 'HEAD'], options))
    .split('\0')
    .filter((name) => name !== '');
  const fit = names.filter((name) => /\.(?:md|txt|rst|adoc)$/i.test(name));
  const ordered = [...fit.filter((name) => /^readme\./i.test(name)), ...fit.filter((name) => !/^readme\./i.test(name))];
  for (const path of ordered.slice(0, MAX_TRIES)) {
    const text = await git(['cat-file', 'blob', `HEAD:${path}`], options).catch(() => '');
    const line = text.split('\n', 1)[0] ?? '';
    // The line must stand there once: the directive replaces the first place that it finds.
    if (canBeTarget(path, line) && text.indexOf(line, line.length) === -1) return { path, line };
  }
  return null;
}
