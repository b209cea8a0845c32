import { join } from 'node:path';
import { git, type GitOptions, withBearer } from '../git.ts';

export interface ResultParts {
  readonly gitUrl: string;
  readonly operatorToken: string;
  readonly target: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
}

/** The commit that the target branch of the hub is at. */
export async function resultCommit(parts: ResultParts, cwd: string): Promise<string> {
  const rows = await git(['ls-remote', '--', parts.gitUrl, `refs/heads/${parts.target}`], withToken(parts, cwd));
  const commit = /^[0-9a-f]{40,64}/.exec(rows)?.[0];
  if (commit === undefined) throw new Error(`the hub has no branch ${parts.target} any more`);
  return commit;
}

/** Clones the result into a new folder, with no token in it. Answers the folder. */
export async function cloneResult(parts: ResultParts, folder: string): Promise<string> {
  const options = ['--quiet', '--single-branch', '--no-tags', '--branch', parts.target];
  await git(['clone', ...options, '--', parts.gitUrl, 'result'], withToken(parts, folder));
  return join(folder, 'result');
}

/**
 * Writes the result into a repository as a branch, new or fast-forward. The checkout, the index and every other branch
 * stay as they are; a branch that is checked out is refused.
 * @throws Error with git's own words
 */
export async function writeResultBranch(parts: ResultParts, repository: string, branch: string): Promise<void> {
  const refspec = `refs/heads/${parts.target}:refs/heads/${branch}`;
  // Not quiet: then git would not say why it refuses.
  const apart = ['--no-tags', '--no-write-fetch-head', '--no-auto-gc', '--no-recurse-submodules'];
  await git(['fetch', ...apart, '--', parts.gitUrl, refspec], withToken(parts, repository));
}

const withToken = ({ environment, operatorToken, signal }: ResultParts, cwd: string): GitOptions => ({
  cwd,
  environment: withBearer(environment, operatorToken),
  signal,
});
