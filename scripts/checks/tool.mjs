import { spawn } from 'node:child_process';
import { inRoot, ROOT } from '../bootstrap/root.mjs';

/** A check's result: `output` is shown where it is not ok. @typedef {{ ok: boolean, output: string }} Outcome */

/** Where a tool of node_modules starts. */
const BINS = {
  tsc: 'typescript/bin/tsc',
  oxlint: 'oxlint/bin/oxlint',
  prettier: 'prettier/bin/prettier.cjs',
  depcruise: 'dependency-cruiser/bin/dependency-cruise.mjs',
  knip: 'knip/bin/knip.js',
  openspec: '@fission-ai/openspec/bin/openspec.js',
};

const MOST_BYTES = 64 * 1024 * 1024;

/**
 * Runs a tool of node_modules and collects what it says, both streams in one.
 *
 * @param {keyof typeof BINS} name
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv }} [options]
 * @returns {Promise<Outcome>} ok where it exits 0
 */
export const runTool = (name, args, options = {}) => runNode([inRoot('node_modules', BINS[name]), ...args], options);

/**
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv }} [options]
 * @returns {Promise<Outcome>}
 */
export function runNode(args, { cwd = ROOT, env = {} } = {}) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, {
      cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0', ...env },
    });
    let output = '';
    /** @param {Buffer} chunk */
    const collect = (chunk) => {
      if (output.length < MOST_BYTES) output += chunk.toString();
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.once('error', (error) => resolve({ ok: false, output: error.message }));
    child.once('close', (code) => resolve({ ok: code === 0, output }));
  });
}
