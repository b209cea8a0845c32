import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);
const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;
const TIMEOUT_MS = 60_000;

export interface GitOptions {
  readonly cwd: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs git with an argument array and answers its standard output. At most 60 s and 16 MiB.
 * @throws Error with git's own words
 */
export async function git(args: readonly string[], options: GitOptions): Promise<string> {
  const env = { ...withoutRepository(options.environment), GIT_TERMINAL_PROMPT: '0', LC_ALL: 'C' };
  try {
    const limits = { maxBuffer: MAX_OUTPUT_BYTES, timeout: TIMEOUT_MS };
    const signal = options.signal === undefined ? {} : { signal: options.signal };
    return (await run('git', [...args], { cwd: options.cwd, env, ...limits, ...signal })).stdout;
  } catch (error) {
    const words = (error as { stderr?: string }).stderr?.trim();
    throw new Error(`git ${args[0]}: ${words === undefined || words === '' ? String(error) : words}`, { cause: error });
  }
}

/** The top folder of the checkout that a folder lies in, or null where it lies in none or nothing is committed yet. */
export async function checkoutOf(options: GitOptions): Promise<string | null> {
  try {
    await git(['rev-parse', '--verify', '--quiet', 'HEAD^{commit}'], options);
    return (await git(['rev-parse', '--show-toplevel'], options)).trimEnd();
  } catch {
    return null; // Git says no in many ways; each of them means that there is nothing to work on here.
  }
}

/** Who commits in a repository, as git's own configuration says, or null where it does not. */
export async function authorOf(options: GitOptions): Promise<{ name: string; email: string } | null> {
  const setting = async (key: string): Promise<string> =>
    (await git(['config', '--default', '', '--get', key], options)).trim();
  const [name, email] = await Promise.all([setting('user.name'), setting('user.email')]);
  return name === '' || email === '' ? null : { name, email };
}

/**
 * Lets git send a token to a service: through its environment, where neither `ps` nor a config file shows it. Without a
 * proxy, as our own calls are: one that is set for the world does not know the way to a service on this machine.
 */
export const withBearer = (environment: NodeJS.ProcessEnv, token: string): NodeJS.ProcessEnv => ({
  ...environment,
  GIT_CONFIG_COUNT: '2',
  GIT_CONFIG_KEY_0: 'http.extraHeader',
  GIT_CONFIG_VALUE_0: `Authorization: Bearer ${token}`,
  GIT_CONFIG_KEY_1: 'http.proxy',
  GIT_CONFIG_VALUE_1: '',
});

// Inside a hook git sets these, and then it works on that repository wherever it is started.
function withoutRepository(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { GIT_DIR: _dir, GIT_WORK_TREE: _tree, GIT_INDEX_FILE: _index, GIT_PREFIX: _prefix, ...rest } = environment;
  return rest;
}
