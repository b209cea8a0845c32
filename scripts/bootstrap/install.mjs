import { createHash } from 'node:crypto';
import { access, constants, mkdir, readFile, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { BootstrapFault } from './fault.mjs';
import { inRoot, ROOT } from './root.mjs';
import { runChild } from './run-child.mjs';

const STAMP = inRoot('node_modules/.roundhouse-lock');
const TICK_MS = 10_000;

/** What is installed depends on the lock file and on what the native parts were built for. */
async function wanted() {
  const lock = await readFile(inRoot('package-lock.json'));
  const { platform, arch, versions } = process;
  return `${createHash('sha256').update(lock).digest('hex')} ${platform}-${arch} abi-${versions.modules}\n`;
}

/** @returns {Promise<boolean>} whether node_modules is what package-lock.json says */
export async function isInstalled() {
  const found = await readFile(STAMP, 'utf8').catch(() => null);
  return found !== null && found === (await wanted());
}

/** Runs `npm ci`; its words go to standard error. The stamp is written last, so a broken install is done again. */
export async function install() {
  process.stderr.write('roundhouse: installing dependencies (npm ci) …\n');
  const start = Date.now();
  const seconds = () => Math.round((Date.now() - start) / 1000);
  const tick = setInterval(() => process.stderr.write(`roundhouse: still installing, ${seconds()} s\n`), TICK_MS);
  try {
    const [program, first] = npm();
    // --include=dev: the compiler is one of them, and NODE_ENV=production would leave it out.
    const args = [...first, 'ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'];
    const env = { ...process.env, ...(await cacheOutsideHome()) };
    const code = await runChild(program, args, { cwd: ROOT, stdio: ['ignore', 2, 2], env });
    if (code !== 0) {
      throw new BootstrapFault('npm ci failed, see above; node_modules is not complete and will be made again', code);
    }
  } finally {
    clearInterval(tick);
  }
  await writeFile(STAMP, await wanted());
  process.stderr.write(`roundhouse: installed in ${seconds()} s\n`);
}

/** The npm that called us, else the one of the PATH. @returns {[string, string[]]} */
function npm() {
  const path = process.env['npm_execpath'];
  return path !== undefined && /npm-cli\.c?js$/.test(path) ? [process.execPath, [path]] : ['npm', []];
}

/** npm keeps its cache under HOME; where that is missing or read-only, the checkout has one. */
async function cacheOutsideHome() {
  if (process.env['npm_config_cache'] !== undefined) return {};
  const home = homedir();
  const writable =
    home.startsWith('/') &&
    (await access(home, constants.W_OK).then(
      () => true,
      () => false,
    ));
  if (writable) return {};
  await mkdir(inRoot('.roundhouse'), { recursive: true });
  return { npm_config_cache: inRoot('.roundhouse/npm-cache') };
}
