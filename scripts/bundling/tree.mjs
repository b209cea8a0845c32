import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { chmod, copyFile, cp, mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { inRoot } from '../bootstrap/root.mjs';
import { bundle } from './bundle.mjs';
import { compileRunner } from './compiled/compile.mjs';
import { CODE_FILE, PROGRAM_FILE } from './compiled/program.mjs';
import { RUNNER_BUNDLE, bundleRunner } from './programs.mjs';

/** The file that says what a runner tree is; the last one to be written. */
export const TREE_FILE = 'tree.json';
const MODULE = JSON.stringify({ private: true, type: 'module' });

/**
 * Fills an empty folder with all that a sandbox without Node needs to run the runner: `bin/node`, the bundled runner
 * with the native part of its terminal, and the bundled scripted agent. Everybody may read it, whatever the umask.
 *
 * @param {string} folder
 * @param {string} node the Node program to copy; it runs on this machine
 * @returns {Promise<string>} a name for the content: 16 hexadecimal digits
 */
export async function fillTree(folder, node) {
  const version = await versionOf(node);
  await bundleRunner();
  await mkdir(join(folder, 'bin'), { recursive: true });
  await copyFile(node, join(folder, 'bin/node'), constants.COPYFILE_FICLONE);
  await copyRunner(folder);
  // The checkout's code was made by the Node that runs this.
  if (node === process.execPath) await copyCode(folder);
  else await compileRunner(join(folder, RUNNER_BUNDLE), node);
  await mkdir(join(folder, 'packages/scripted-agent'), { recursive: true });
  await writeFile(join(folder, 'packages/scripted-agent/package.json'), MODULE);
  const agent = 'packages/scripted-agent/dist';
  await bundle({
    entry: `${agent}/main.js`,
    outdir: join(folder, agent),
    splitting: true,
    form: 'modules',
    compact: true,
  });
  const content = await contentOf(folder);
  await writeFile(join(folder, TREE_FILE), `${JSON.stringify({ content, node: version, arch: process.arch })}\n`);
  await openToAll(folder);
  return content;
}

/** @param {string} folder */
async function copyRunner(folder) {
  const runner = join(folder, 'services/runner');
  await mkdir(join(folder, RUNNER_BUNDLE), { recursive: true });
  for (const file of ['package.json', PROGRAM_FILE, 'main.js']) {
    await copyFile(inRoot(RUNNER_BUNDLE, file), join(folder, RUNNER_BUNDLE, file));
  }
  await writeFile(join(runner, 'package.json'), MODULE);
  const fromRunner = createRequire(inRoot('services/runner/package.json'));
  const pty = fromRunner.resolve('node-pty/package.json');
  const platform = `@lydell/node-pty-${process.platform}-${process.arch}`;
  const native = dirname(createRequire(pty).resolve(`${platform}/package.json`));
  await mkdir(join(runner, 'node_modules/node-pty'), { recursive: true });
  for (const file of ['package.json', 'requireBinary.js', 'LICENSE']) {
    await copyFile(join(dirname(pty), file), join(runner, 'node_modules/node-pty', file));
  }
  await cp(native, join(runner, 'node_modules', platform), { recursive: true, dereference: true });
}

/** There is none where it could not be made. @param {string} folder */
async function copyCode(folder) {
  await copyFile(inRoot(RUNNER_BUNDLE, CODE_FILE), join(folder, RUNNER_BUNDLE, CODE_FILE)).catch((error) => {
    if (error.code !== 'ENOENT') throw error;
  });
}

/** @param {string} node */
async function versionOf(node) {
  const { stdout } = await promisify(execFile)(node, ['--version'], { timeout: 10_000 });
  const [, major = 0, minor = 0] = (/^v(\d+)\.(\d+)/.exec(stdout) ?? []).map(Number);
  if (major < 20 || (major === 20 && minor < 19)) throw new Error(`${node} is ${stdout.trim()}; 20.19 is the oldest`);
  return stdout.trim();
}

/**
 * A hash over names and contents of all files. Of compiled code only that it is there: no two times are its bytes the same,
 * and what it does follows from the program and Node, which are counted.
 *
 * @param {string} folder
 */
async function contentOf(folder) {
  const hash = createHash('sha256');
  for (const file of await filesIn(folder)) {
    hash.update(`${file.slice(folder.length)}\0`);
    if (basename(file) !== CODE_FILE) hash.update(await readFile(file));
  }
  return hash.digest('hex').slice(0, 16);
}

/** @param {string} folder @returns {Promise<string[]>} */
async function filesIn(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
}

/** @param {string} folder */
async function openToAll(folder) {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const isProgram = entry.isDirectory() || basename(dirname(path)) === 'bin';
    await chmod(path, isProgram ? 0o755 : 0o644);
  }
}
