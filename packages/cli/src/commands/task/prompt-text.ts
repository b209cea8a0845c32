import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Command } from 'commander';
import { EXIT, Failure } from '../../failure.ts';

export interface PromptOptions {
  readonly prompt?: string;
  readonly promptFile?: string;
}

export const withPrompt = (command: Command): Command =>
  command
    .option('--prompt <text>', 'what to tell the agent')
    .option('--prompt-file <file>', 'the same from a file, or "-" for standard input');

/**
 * The prompt, byte for byte: nothing is trimmed.
 * @throws Failure where it is given not at all or twice, or the file cannot be read
 */
export async function promptTextOf({ prompt, promptFile }: PromptOptions, cwd: string): Promise<string> {
  if (prompt !== undefined && promptFile === undefined) return prompt;
  if (promptFile === undefined || prompt !== undefined) {
    throw new Failure('a prompt is needed, and one only', {
      hint: 'Give --prompt TEXT, or --prompt-file FILE, or --prompt-file - to read it from standard input.',
      exitCode: EXIT.usage,
    });
  }
  if (promptFile === '-') return text(process.stdin);
  return readFile(resolve(cwd, promptFile), 'utf8').catch((error: unknown) => {
    throw new Failure(`the prompt file ${promptFile} cannot be read`, { exitCode: EXIT.usage, cause: error });
  });
}
