import { join } from 'node:path';
import { git, withBearer } from '../git.ts';

const MAX_COMMITS = 24;

/**
 * Fetches the landed branch from the hub, as anybody with git may, and answers its log as a graph.
 * The token travels in git's environment only.
 */
export async function landedLog(options: {
  readonly gitUrl: string;
  readonly token: string;
  readonly branch: string;
  readonly folder: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
}): Promise<string> {
  const { gitUrl, token, branch, folder, signal } = options;
  const environment = withBearer(options.environment, token);
  await git(
    ['clone', '--quiet', '--bare', `--depth=${2 * MAX_COMMITS}`, '--branch', branch, '--', gitUrl, 'landed.git'],
    { cwd: folder, environment, signal },
  );
  const format = ['log', '--oneline', '--graph', '--no-decorate', `--max-count=${MAX_COMMITS}`];
  return (await git(format, { cwd: join(folder, 'landed.git'), environment: options.environment, signal })).trimEnd();
}
