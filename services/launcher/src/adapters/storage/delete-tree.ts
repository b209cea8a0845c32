import { ProgramError, findProgram, runProgram } from './program.ts';

/** 100,000 files a minute on a slow disk; what is not done by then is gone on with later. */
const TIMEOUT_MS = 600_000;

/**
 * Deletes a folder and all in it, but nothing that is mounted there. A child does it: file by file in this process, a large
 * worktree would hold up all other file work of the launcher. What is not there is deleted already.
 */
export async function deleteTree(path: string): Promise<void> {
  try {
    await removeTree(path, TIMEOUT_MS);
  } catch (error) {
    if (!(error instanceof ProgramError) || error.exitCode === null) throw error;
    // Programs leave folders that their owner may not write (Go's module cache is one). No link is followed.
    await runProgram(await programOf('chmod'), ['-R', 'u+rwX', '--', path], { timeoutMs: TIMEOUT_MS });
    await removeTree(path, TIMEOUT_MS);
  }
}

/** The same as root, who needs no rights: nothing but names is touched, whoever may still hold a folder of it open. */
export async function removeTree(path: string, timeoutMs: number): Promise<void> {
  // GNU's, that is Linux's; nothing is mounted elsewhere.
  const flags = process.platform === 'linux' ? ['-rf', '--one-file-system'] : ['-rf'];
  await runProgram(await programOf('rm'), [...flags, '--', path], { timeoutMs });
}

async function programOf(name: string): Promise<string> {
  const found = await findProgram(name);
  if (found === null) throw new Error(`${name} is not installed`);
  return found;
}
