import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Not the PATH: what runs as root here comes from where only root installs. */
const FOLDERS = [
  '/usr/sbin',
  '/usr/bin',
  '/sbin',
  '/bin',
  '/usr/local/sbin',
  '/usr/local/bin',
  '/run/current-system/sw/bin',
];
const ENVIRONMENT = { PATH: FOLDERS.join(':'), LC_ALL: 'C' };

/** The absolute path of a program of the system, or null where it is not installed. */
export async function findProgram(name: string): Promise<string | null> {
  for (const folder of FOLDERS) {
    const path = join(folder, name);
    const isThere = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return path;
  }
  return null;
}

/** A program ended otherwise than well; the message is what it said, at most 1,000 characters. */
export class ProgramError extends Error {
  override readonly name = 'ProgramError';
  /** Null where it was killed or did not start. */
  readonly exitCode: number | null;

  constructor(message: string, exitCode: number | null, cause: unknown) {
    super(message, { cause });
    this.exitCode = exitCode;
  }
}

export interface RunOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/** Runs a program to its end, SIGKILL after `timeoutMs`; resolves with its standard output. Throws ProgramError. */
export async function runProgram(file: string, args: readonly string[], options: RunOptions): Promise<string> {
  const { timeoutMs, signal } = options;
  try {
    const { stdout } = await run(file, args, {
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
      maxBuffer: 1024 * 1024,
      env: ENVIRONMENT,
      ...(signal === undefined ? {} : { signal }),
    });
    return stdout;
  } catch (error) {
    signal?.throwIfAborted();
    const { stderr, killed, code, message } = error as Error & { stderr?: string; killed?: boolean; code?: unknown };
    const why = killed === true ? `no end within ${timeoutMs} ms` : stderr?.trim().replaceAll(/\s+/g, ' ') || message;
    const exitCode = killed !== true && typeof code === 'number' ? code : null;
    throw new ProgramError(why.slice(0, 1_000), exitCode, error);
  }
}
