import { spawn } from 'node:child_process';
import type { Screen } from './screen.ts';

/** Runs a program with its output on the screen; resolves with its exit code (128 + n for signal n is not guessed: -1). */
export function runProgram(argv: readonly string[], screen: Screen, signal: AbortSignal): Promise<number> {
  const [program, ...args] = argv;
  if (program === undefined) return Promise.reject(new Error('there is no program to run'));
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], signal });
    child.stdout.on('data', (data: Buffer) => screen.raw(data.toString('utf8')));
    child.stderr.on('data', (data: Buffer) => screen.raw(data.toString('utf8')));
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? -1));
  });
}
