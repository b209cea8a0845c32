import { spawn } from 'node:child_process';
import { once } from 'node:events';

export interface Ran {
  readonly code: number | null;
  readonly out: string;
  /** Standard output and error as they came. */
  readonly said: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly environment?: NodeJS.ProcessEnv;
  readonly ms: number;
}

/** The most that is kept of a program's words, characters; the end is what says why it failed. */
const KEPT = 200_000;

/** Runs a program to its end, whatever its exit code. Where it takes too long, it and its group are killed. */
export async function runProgram(program: string, args: readonly string[], options: RunOptions): Promise<Ran> {
  const child = spawn(program, [...args], {
    cwd: options.cwd,
    env: options.environment ?? process.env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [out, said] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (out = (out + chunk.toString()).slice(-KEPT)));
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-KEPT)));
  const bound = setTimeout(() => child.pid !== undefined && process.kill(-child.pid, 'SIGKILL'), options.ms);
  try {
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, out: out.trimEnd(), said };
  } finally {
    clearTimeout(bound);
  }
}

/** Runs a program that must end well; answers what it printed, without the last newline. */
export async function succeed(program: string, args: readonly string[], options: RunOptions): Promise<string> {
  const { code, out, said } = await runProgram(program, args, options);
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}:\n${said.slice(-6_000)}`);
  return out;
}
