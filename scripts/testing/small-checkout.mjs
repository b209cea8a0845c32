import { spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { inRoot } from '../bootstrap/root.mjs';

const MAIN = `
declare const process: any, setInterval: any;
const args: string[] = process.argv.slice(2);
if (args.includes('--fail')) process.exitCode = 7;
if (args.includes('--stay')) {
  setInterval(() => {}, 60000);
  process.on('SIGTERM', () => process.exit(3));
}
process.stdout.write(JSON.stringify({ args, pid: process.pid }) + '\\n');
`;

/**
 * A checkout with our real bootstrap, the compiler as its one dependency, and a CLI that prints how it was called: the
 * way from a bare clone to a running command in some seconds.
 *
 * @returns {Promise<{ path: string, remove: () => Promise<void> }>}
 */
export async function smallCheckout() {
  const path = await realpath(await mkdtemp(join(tmpdir(), 'rh-checkout-')));
  await cp(inRoot('scripts/bootstrap'), join(path, 'scripts/bootstrap'), { recursive: true });
  for (const file of ['scripts/bootstrap.mjs', 'scripts/roundhouse.mjs', '.npmrc', 'tsconfig.base.json']) {
    await cp(inRoot(file), join(path, file));
  }
  for (const [file, content] of Object.entries(await files())) {
    await mkdir(dirname(join(path, file)), { recursive: true });
    await writeFile(join(path, file), typeof content === 'string' ? content : JSON.stringify(content));
  }
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

async function files() {
  /** @type {{ packages: Record<string, { version: string }> }} */
  const lock = JSON.parse(await readFile(inRoot('package-lock.json'), 'utf8'));
  const compiler = lock.packages['node_modules/typescript'];
  const root = { name: 'small', version: '1.0.0', devDependencies: { typescript: compiler?.version } };
  return {
    'package.json': { ...root, private: true, type: 'module', scripts: { start: 'node scripts/bootstrap.mjs up' } },
    'package-lock.json': {
      name: 'small',
      version: '1.0.0',
      lockfileVersion: 3,
      packages: { '': root, 'node_modules/typescript': compiler },
    },
    'tsconfig.json': { files: [], references: [{ path: 'packages/cli' }] },
    'packages/cli/package.json': { name: 'cli', private: true, type: 'module' },
    'packages/cli/tsconfig.json': {
      extends: '../../tsconfig.base.json',
      compilerOptions: { rootDir: 'src', outDir: 'dist', tsBuildInfoFile: 'dist/.tsbuildinfo', types: [] },
      include: ['src'],
    },
    // Where a bundle would lie, once it is compiled.
    'packages/cli/src/bundle/main.ts': MAIN,
  };
}

/**
 * Starts a program in a folder and collects what it says.
 *
 * @param {string} cwd
 * @param {string} program
 * @param {readonly string[]} args
 */
export function start(cwd, program, args) {
  const child = spawn(program, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  const said = { out: '', err: '' };
  child.stdout.on('data', (chunk) => (said.out += chunk));
  child.stderr.on('data', (chunk) => (said.err += chunk));
  /** @type {Promise<number | null>} */
  const code = new Promise((resolve) => child.once('close', resolve));
  return { child, said, code };
}
