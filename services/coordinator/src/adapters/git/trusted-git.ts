import { writeFileAtomic } from '@roundhouse/host';
import { type SimpleGit, simpleGit } from 'simple-git';

/**
 * The only configuration that git of this service reads. Nothing of the machine's, the user's or a worktree's: a config
 * that an agent can write is code that it can run (hooks, core.fsmonitor, filters).
 */
const CONFIG = `[core]
	hooksPath = /dev/null
	fsmonitor = false
	logAllRefUpdates = false
[gc]
	auto = 0
[maintenance]
	auto = false
[receive]
	autogc = false
	fsckObjects = true
[transfer]
	fsckObjects = false
[safe]
	directory = *
[protocol "ext"]
	allow = never
[user]
	name = Roundhouse
	email = roundhouse@localhost
`;

/** How long one git command of the hub may take, ms. */
const COMMAND_MS = 120_000;

/** A git command that failed, with its exit code (git's own words stay in the log). */
export class GitFailure extends Error {
  override readonly name = 'GitFailure';
  readonly exitCode: number;
  constructor(exitCode: number, words: string) {
    super(words.trim() === '' ? `git exited with ${exitCode}` : words.trim());
    this.exitCode = exitCode;
  }
}

export interface GitRun {
  /** Variables besides the trusted ones. */
  readonly env?: Readonly<Record<string, string>>;
  /** Exit codes besides 0 that are answers and not failures. */
  readonly accept?: readonly number[];
}

export interface TrustedGit {
  /** What every git process of ours runs with. */
  environment(gitDir: string | null): Record<string, string>;
  /** Runs one command on a hub (null: on none) and returns its standard output; throws GitFailure. */
  run(gitDir: string | null, args: readonly string[], options?: GitRun): Promise<string>;
}

export async function createTrustedGit(folder: string, path: string): Promise<TrustedGit> {
  const configFile = `${folder}/gitconfig`;
  await writeFileAtomic(configFile, CONFIG, { mode: 0o600 });
  const environment = (gitDir: string | null): Record<string, string> => ({
    PATH: path,
    LC_ALL: 'C',
    HOME: folder,
    ...(gitDir === null ? {} : { GIT_DIR: gitDir }),
    GIT_CONFIG_GLOBAL: configFile,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_ATTR_NOSYSTEM: '1',
  });
  // simple-git refuses to be given a configuration file unless told that its path is not a stranger's: it is ours.
  const client = (env: Record<string, string>, accept: readonly number[]): SimpleGit =>
    simpleGit({
      baseDir: folder,
      timeout: { block: COMMAND_MS },
      unsafe: { allowUnsafeConfigPaths: true },
      allowEnvironment: Object.keys(env),
      errors: (_error, { exitCode, stdErr }) =>
        exitCode === 0 || accept.includes(exitCode)
          ? undefined
          : Buffer.from(JSON.stringify({ exitCode, words: Buffer.concat(stdErr).toString().slice(0, 4_000) })),
    }).env(env);
  return {
    environment,
    async run(gitDir, args, { env = {}, accept = [] } = {}) {
      try {
        return await client({ ...environment(gitDir), ...env }, accept).raw([...args]);
      } catch (error) {
        throw failureOf(error);
      }
    },
  };
}

/** simple-git carries what its `errors` option returned as the message of its error. */
function failureOf(error: unknown): unknown {
  if (!(error instanceof Error) || !error.message.startsWith('{"exitCode"')) return error;
  const { exitCode, words } = JSON.parse(error.message) as { exitCode: number; words: string };
  return new GitFailure(exitCode, words);
}
