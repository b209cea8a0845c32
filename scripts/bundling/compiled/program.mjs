import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Script, constants } from 'node:vm';

/** The bundle as a script: an expression that is a function of `require` and of the file's own URL. */
export const PROGRAM_FILE = 'program.js';
/** What V8 made of it, once it has run. */
export const CODE_FILE = 'program.cache';
/**
 * Both files begin with the same mark, a hash of the program: of a source V8 compares no more than the length. A multiple
 * of 8, for V8 copies code that is not aligned.
 */
export const MARK_LENGTH = 72;

/**
 * Opens the program in a folder, with its compiled code where there is some that fits. V8 does not take code that another
 * version or other flags have made: then, as without any, functions are compiled when they are called first.
 *
 * @param {string} folder
 * @param {{ readonly withCode: boolean }} how
 */
export function openProgram(folder, { withCode }) {
  const filename = join(folder, PROGRAM_FILE);
  const source = readFileSync(filename, 'utf8');
  const mark = source.slice(0, MARK_LENGTH);
  const cachedData = withCode ? codeOf(folder, mark) : undefined;
  const importModuleDynamically = constants.USE_MAIN_CONTEXT_DEFAULT_LOADER;
  const script = new Script(source, { filename, cachedData, importModuleDynamically });
  const run = () => void script.runInThisContext()(createRequire(filename), pathToFileURL(filename).href);
  return { script, mark, run };
}

/** @param {string} folder @param {string} mark */
function codeOf(folder, mark) {
  try {
    const file = readFileSync(join(folder, CODE_FILE));
    return file.toString('latin1', 0, MARK_LENGTH) === mark ? file.subarray(MARK_LENGTH) : undefined;
  } catch {
    // Whatever keeps it from being read: the program only begins more slowly.
    return undefined;
  }
}
