import { spawn } from 'node:child_process';

/** The signals that a terminal or a supervisor ends us by. The child gets them too, and then it decides. */
const FORWARDED = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);

/**
 * Runs a program in our own process group and waits for its end. A terminal's Ctrl-C reaches it by itself; what is
 * sent to us alone is passed on. We never end before it.
 *
 * @param {string} program
 * @param {readonly string[]} args
 * @param {{ stdio: import('node:child_process').StdioOptions, cwd?: string, env?: NodeJS.ProcessEnv }} options
 * @returns {Promise<number>} its exit code; 128 + number for a signal, 127 where it could not be started
 */
export function runChild(program, args, options) {
  return new Promise((resolve) => {
    const child = spawn(program, args, options);
    /** @param {NodeJS.Signals} signal */
    const forward = (signal) => void child.kill(signal);
    for (const signal of FORWARDED) process.on(signal, forward);
    /** @param {number} code */
    const end = (code) => {
      for (const signal of FORWARDED) process.off(signal, forward);
      resolve(code);
    };
    child.once('error', (error) => {
      process.stderr.write(`roundhouse: cannot run ${program}: ${error.message}\n`);
      end(127);
    });
    child.once('exit', (code, signal) => end(code ?? 128 + signalNumber(signal)));
  });
}

/** @param {NodeJS.Signals | null} signal */
function signalNumber(signal) {
  return { SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGABRT: 6, SIGKILL: 9, SIGTERM: 15 }[/** @type {string} */ (signal)] ?? 0;
}
