import { type SimpleGit, simpleGit } from 'simple-git';
import { inOneSentence } from './missing-git.ts';

export interface GitOptions {
  /** The worktree; its `.git` is named explicitly, never searched for upwards. */
  readonly path: string;
  /** Default `<path>/.git`. */
  readonly gitDir?: string;
  readonly inherited: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** A bearer token and the URL below which it is sent; travels in the environment, not in argv. */
  readonly access?: { readonly url: string; readonly token: string };
  /** An index file of its own, so that the worktree's stays untouched. */
  readonly indexFile?: string;
  /** Where new objects go instead of the repository, and where those that it has are found then. */
  readonly objects?: { readonly into: string; readonly besides: string };
  readonly input?: string;
  /** Configuration of this command, `key=value`. */
  readonly config?: readonly string[];
  readonly identity?: { readonly name: string; readonly email: string };
}

/** Git said no. The message is git's own, without the token. */
export class GitError extends Error {
  override readonly name = 'GitError';
}

const OURS = [
  'GIT_DIR',
  'GIT_WORK_TREE',
  'GIT_INDEX_FILE',
  'GIT_OBJECT_DIRECTORY',
  'GIT_ALTERNATE_OBJECT_DIRECTORIES',
  'GIT_CONFIG_NOSYSTEM',
  'GIT_CONFIG_GLOBAL',
  'GIT_CONFIG_COUNT',
  'GIT_CONFIG_KEY_0',
  'GIT_CONFIG_VALUE_0',
  'GIT_TERMINAL_PROMPT',
  'GIT_OPTIONAL_LOCKS',
  'GIT_AUTHOR_NAME',
  'GIT_AUTHOR_EMAIL',
  'GIT_COMMITTER_NAME',
  'GIT_COMMITTER_EMAIL',
];

const MAX_WORDS = 3_000;

/**
 * Runs git on the sandbox's worktree and resolves with its standard output. No hook, monitor or configuration of the
 * machine or its user is run. The sandbox's own `.git/config` is read: it belongs to the agent, and so does this process.
 * @throws GitError with what git said.
 */
export async function git(options: GitOptions, args: readonly string[]): Promise<string> {
  try {
    return await door(options).raw([...args]);
  } catch (error) {
    const words = (error instanceof Error ? error.message : String(error)).trim();
    const told = inOneSentence(words) ?? words.slice(-MAX_WORDS);
    throw new GitError(withoutSecret(told, options.access?.token), { cause: error });
  }
}

function door(options: GitOptions): SimpleGit {
  const { path, gitDir = `${path}/.git`, inherited, signal, access, indexFile, objects, input, identity } = options;
  const env: Record<string, string> = {
    ...inherited,
    LC_ALL: 'C',
    GIT_DIR: gitDir,
    GIT_WORK_TREE: path,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_TERMINAL_PROMPT: '0',
    // Looking at a worktree must neither wait for an index.lock of the agent nor make one under its feet.
    GIT_OPTIONAL_LOCKS: '0',
  };
  if (indexFile !== undefined) env['GIT_INDEX_FILE'] = indexFile;
  if (objects !== undefined) {
    env['GIT_OBJECT_DIRECTORY'] = objects.into;
    env['GIT_ALTERNATE_OBJECT_DIRECTORIES'] = objects.besides;
  }
  if (access !== undefined) {
    env['GIT_CONFIG_COUNT'] = '1';
    env['GIT_CONFIG_KEY_0'] = `http.${new URL(access.url).origin}/.extraHeader`;
    env['GIT_CONFIG_VALUE_0'] = `Authorization: Bearer ${access.token}`;
  }
  if (identity !== undefined) {
    env['GIT_AUTHOR_NAME'] = env['GIT_COMMITTER_NAME'] = identity.name;
    env['GIT_AUTHOR_EMAIL'] = env['GIT_COMMITTER_EMAIL'] = identity.email;
  }
  return simpleGit({
    baseDir: path,
    abort: signal,
    config: [
      'core.hooksPath=/dev/null',
      'core.fsmonitor=false',
      'core.untrackedCache=false',
      'gc.auto=0',
      'maintenance.auto=false',
      'submodule.recurse=false',
      'push.gpgSign=false',
      'credential.interactive=false',
      ...(options.config ?? []),
    ],
    // What simple-git strips or refuses unless it is named. All values above are ours, none comes from outside:
    // hooksPath and fsmonitor are switched off, the configuration's path is /dev/null, the counted variable is the
    // header that would else stand in argv, and the empty template folder keeps the machine's hooks out of `init`; the filter is
    // the runner's own program (instructions-filter.ts).
    allowEnvironment: OURS,
    unsafe: {
      allowUnsafeHooksPath: true,
      allowUnsafeFsMonitor: true,
      allowUnsafeConfigPaths: true,
      allowUnsafeConfigEnvCount: true,
      allowUnsafeTemplateDir: true,
      allowUnsafeFilter: true,
    },
    // Git's exit code decides, also where it says nothing: simple-git by itself takes silence for success.
    errors: (error, result) => {
      if (error !== undefined || result.exitCode === 0) return error;
      const said = Buffer.concat([...result.stdOut, ...result.stdErr]);
      return said.length > 0 ? said : Buffer.from(`git ended with code ${result.exitCode}`);
    },
    ...(input === undefined ? {} : { input: () => input }),
  }).env(env);
}

const withoutSecret = (words: string, token: string | undefined): string =>
  token === undefined ? words : words.replaceAll(token, '***');
