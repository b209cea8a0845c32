import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Runs a program to its end and resolves with its standard output. An error says what it printed, at most 2,000 characters. */
export async function runCommand(
  file: string,
  args: readonly string[],
  options: { readonly timeoutMs: number; readonly env?: NodeJS.ProcessEnv; readonly signal?: AbortSignal | undefined },
): Promise<string> {
  try {
    const { stdout } = await run(file, args, {
      timeout: options.timeoutMs,
      killSignal: 'SIGKILL',
      maxBuffer: 4 * 1024 * 1024,
      env: { ...process.env, LC_ALL: 'C', ...options.env },
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    return stdout;
  } catch (error) {
    options.signal?.throwIfAborted();
    const { stderr, killed, message } = error as { stderr?: string; killed?: boolean; message: string };
    const why = killed === true ? `no end within ${options.timeoutMs} ms` : stderr?.trim() || message;
    throw new Error(`${file} ${args[0] ?? ''}: ${why.slice(-2_000)}`, { cause: error });
  }
}
