import { createHash } from 'node:crypto';
import { access, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { BootstrapFault } from './fault.mjs';
import { projects } from './projects.mjs';
import { inRoot, ROOT } from './root.mjs';
import { runChild } from './run-child.mjs';

const STAMP = inRoot('node_modules/.roundhouse-build');
/** Below dist, and without sources of its own: made of what is compiled. */
const BUNDLE = 'bundle';
/** The projects whose program is bundled. */
const PROGRAMS = [
  'packages/cli',
  ...['coordinator', 'launcher', 'mcp-gateway', 'relay', 'runner'].map((it) => `services/${it}`),
];

/** A hash over path, size and time of all that the compiler reads of ours: some milliseconds where it takes seconds. */
async function fingerprint() {
  const files = ['tsconfig.json', 'tsconfig.base.json', 'package-lock.json'];
  for (const entry of await readdir(inRoot('scripts/bundling')).catch(() => []))
    files.push(`scripts/bundling/${entry}`);
  for (const project of await projects()) {
    files.push(join(project, 'tsconfig.json'), join(project, 'package.json'));
    const entries = await readdir(inRoot(project, 'src'), { recursive: true, withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      if (entry.isFile()) files.push(join(entry.parentPath, entry.name).slice(ROOT.length + 1));
    }
  }
  const hash = createHash('sha256');
  for (const file of files.sort()) {
    const info = await stat(inRoot(file)).catch(() => null);
    hash.update(`${file}\0${info?.size}\0${info?.mtimeMs}\n`);
  }
  return `${hash.digest('hex')}\n`;
}

/** @returns {Promise<boolean>} whether the last build was of just these sources and its output is still there */
export async function isBuilt() {
  const found = await readFile(STAMP, 'utf8').catch(() => null);
  if (found === null || found !== (await fingerprint())) return false;
  const outputs = (await projects()).map((project) =>
    access(inRoot(project, 'dist', PROGRAMS.includes(project) ? join(BUNDLE, 'main.js') : '')),
  );
  return Promise.all(outputs).then(
    () => true,
    () => false,
  );
}

/** Compiles all projects and bundles the programs. The fingerprint is taken before: what changes meanwhile is compiled again. */
export async function build() {
  const start = Date.now();
  const before = await fingerprint();
  await rm(STAMP, { force: true });
  await removeOrphans();
  await runStep('scripts/bootstrap/transpile.mjs');
  // A checkout of less, as tests make them, compiles its program to where a bundle would lie.
  if ((await projects()).includes('services/runner')) await runStep('scripts/bundle-programs.mjs');
  await writeFile(STAMP, before);
  process.stderr.write(`roundhouse: built in ${((Date.now() - start) / 1000).toFixed(1)} s\n`);
}

/** Steps are processes of their own: their compilers are large, and the bootstrap becomes the service. @param {string} script */
async function runStep(script) {
  const code = await runChild(process.execPath, [inRoot(script)], { cwd: ROOT, stdio: ['ignore', 2, 2] });
  if (code !== 0) throw new BootstrapFault('the build failed, see above', code);
}

/** Removes compiled files whose source is gone: `tsc -b` leaves them, and they could still be imported. */
async function removeOrphans() {
  for (const project of await projects()) {
    const dist = inRoot(project, 'dist');
    const entries = await readdir(dist, { recursive: true, withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      const match = /^(.+?)(?:\.d\.ts|\.js|\.js\.map)$/.exec(entry.name);
      if (!entry.isFile() || match === null || entry.parentPath === join(dist, BUNDLE)) continue;
      const file = join(entry.parentPath, entry.name);
      const source = join(inRoot(project, 'src'), dirname(file).slice(dist.length), `${match[1]}.ts`);
      const there = await access(source).then(
        () => true,
        () => false,
      );
      if (!there) await rm(file, { force: true });
    }
  }
}
