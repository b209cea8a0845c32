import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { temporaryFolder } from './temporary-folder.ts';

const run = promisify(execFile);

/** Files by path. A string is text; null deletes. */
export type Files = Readonly<Record<string, string | Uint8Array | null>>;

/** A real git repository with a checkout, in a temporary folder, apart from the user's git configuration. */
export class ScratchRepository {
  readonly path: string;
  readonly #remove: () => Promise<void>;

  constructor(path: string, remove: () => Promise<void>) {
    this.path = path;
    this.#remove = remove;
  }

  /** Runs git in the checkout; answers what it printed, without the last newline. Rejects on a non-zero exit. */
  async git(...args: readonly string[]): Promise<string> {
    const options = { cwd: this.path, env: gitEnvironment(), maxBuffer: 64 * 1024 * 1024, timeout: 60_000 };
    const { stdout } = await run('git', [...args], options);
    return stdout.replace(/\n$/, '');
  }

  /** Writes files into the checkout without committing them. */
  async write(files: Files): Promise<void> {
    for (const [path, content] of Object.entries(files)) {
      const file = join(this.path, path);
      if (content === null) {
        await this.git('rm', '--quiet', '--', path);
        continue;
      }
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, content);
    }
  }

  /** Writes the files, then commits everything that changed, also nothing. Answers the commit's id. */
  async commit(message: string, files: Files = {}): Promise<string> {
    await this.write(files);
    await this.git('add', '--all');
    await this.git('commit', '--quiet', '--allow-empty', '--message', message);
    return this.git('rev-parse', 'HEAD');
  }

  /** The content of a file at a commit, or null where it has none. */
  async show(path: string, commit = 'HEAD'): Promise<string | null> {
    return this.git('cat-file', 'blob', `${commit}:${path}`).catch(() => null);
  }

  remove(): Promise<void> {
    return this.#remove();
  }
}

/** Makes a repository whose branch `main` has one commit with the given files (a README.md by default). */
export async function scratchRepository(
  files: Files = { 'README.md': '# Scratch\n\nA repository for a test.\n' },
): Promise<ScratchRepository> {
  const folder = await temporaryFolder();
  const repository = new ScratchRepository(folder.path, folder.remove);
  try {
    await repository.git('init', '--quiet', '--initial-branch', 'main');
    await repository.commit('first commit', files);
    return repository;
  } catch (error) {
    await folder.remove();
    throw error;
  }
}

/**
 * The environment for git in tests: nobody's configuration, always the same author and times, and no tidying up behind a
 * commit by a process that would still write while the test clears away.
 */
export function gitEnvironment(): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'],
    HOME: '/nonexistent',
    LC_ALL: 'C',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_CONFIG_COUNT: '1',
    GIT_CONFIG_KEY_0: 'gc.auto',
    GIT_CONFIG_VALUE_0: '0',
    GIT_AUTHOR_NAME: 'Test',
    GIT_AUTHOR_EMAIL: 'test@roundhouse.invalid',
    GIT_AUTHOR_DATE: '2026-01-01T00:00:00Z',
    GIT_COMMITTER_NAME: 'Test',
    GIT_COMMITTER_EMAIL: 'test@roundhouse.invalid',
    GIT_COMMITTER_DATE: '2026-01-01T00:00:00Z',
  };
}
