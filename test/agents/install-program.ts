import { createHash } from 'node:crypto';
import { access, copyFile, mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheFolder, moveAtomic, runCommand, takeFileLock } from '@roundhouse/host';
import { type PinnedProgram, type ProgramName, PROGRAMS } from './programs.ts';

const MANIFESTS = fileURLToPath(new URL('programs/', import.meta.url));
const FILES = ['package.json', 'package-lock.json'];
const INSTALL_MS = 400_000;
/** Another process may be at it: as long as its install may take. */
const LOCK_WAIT_MS = INSTALL_MS + 20_000;
const TICK_MS = 10_000;
const VERSION_MS = 60_000;

export interface InstalledProgram {
  /** Absolute: what a task's agent names as its program. */
  readonly path: string;
  readonly version: string;
}

/** A manifest with its lock, where it is installed, and who hears of it. */
export interface InstallOrder {
  readonly name: string;
  readonly manifest: string;
  readonly program: PinnedProgram;
  readonly cache: string;
  readonly say: (words: string) => void;
}

const orderOf = (name: ProgramName): InstallOrder => ({
  name,
  manifest: join(MANIFESTS, name),
  program: PROGRAMS[name],
  cache: join(cacheFolder(), 'programs'),
  say: (words) => void process.stderr.write(`agents: ${words}\n`),
});

/** One of the real programs, in the user's cache. @throws as `install` */
export const installProgram = (name: ProgramName): Promise<InstalledProgram> => install(orderOf(name));

/**
 * The program as its manifest pins it: installed where it is not there yet, one process at a time, under a name made of the
 * manifest's hash, so that another manifest is another folder.
 * @throws with words for a person: no network, no program for this system, or another version than the pinned one
 */
export async function install(order: InstallOrder): Promise<InstalledProgram> {
  const { name, manifest, cache } = order;
  const texts = await Promise.all(FILES.map((file) => readFile(join(manifest, file), 'utf8')));
  const { version } = JSON.parse(texts[0] ?? '') as { version: string };
  const { platform, arch } = process;
  const hash = createHash('sha256').update(texts.join('\0')).digest('hex').slice(0, 16);
  const folder = join(cache, `${name}-${version}-${platform}-${arch}-${hash}`);
  const installed = { path: join(folder, 'bin', name), version };
  if (await isThere(installed.path)) return installed;
  await mkdir(cache, { recursive: true, mode: 0o700 });
  const lock = await takeFileLock(`${folder}.lock`, { waitMs: LOCK_WAIT_MS });
  try {
    if (!(await isThere(installed.path))) await fetchInto(folder, version, order);
    return installed;
  } finally {
    await lock.release();
  }
}

async function fetchInto(folder: string, version: string, order: InstallOrder): Promise<void> {
  const { name, manifest, program, cache } = order;
  const stage = await mkdtemp(join(cache, '.install-'));
  const begun = Date.now();
  const say = (words: string): void => order.say(`${name} ${version}: ${words}`);
  const seconds = (): string => `${Math.round((Date.now() - begun) / 1_000)} s`;
  say(`fetching about ${program.downloadMb} MB from the npm registry into ${cache} (once)`);
  const tick = setInterval(() => say(`still at it after ${seconds()}`), TICK_MS);
  try {
    for (const file of FILES) await copyFile(join(manifest, file), join(stage, file));
    await npmCi(stage, program);
    const found = await program.find(join(stage, 'node_modules'));
    if (found === null || !(await isThere(found)))
      throw new Error(`its makers have none for ${process.platform}-${process.arch}, or this lock does not name it`);
    await mkdir(join(stage, 'bin'));
    await symlink(relative(join(stage, 'bin'), found), join(stage, 'bin', name));
    // Some unpack themselves into their HOME.
    const home = join(stage, 'home');
    await mkdir(home);
    const said = await runCommand(join(stage, 'bin', name), ['--version'], {
      timeoutMs: VERSION_MS,
      env: { HOME: home },
    });
    await rm(home, { recursive: true });
    if (!said.includes(version)) throw new Error(`it says that it is ${said.trim().slice(0, 200)}`);
    await rm(folder, { recursive: true, force: true });
    await moveAtomic(stage, folder);
    say(`installed in ${seconds()}`);
  } catch (error) {
    throw new Error(`${name} ${version} cannot be installed: ${(error as Error).message}`, { cause: error });
  } finally {
    clearInterval(tick);
    await rm(stage, { recursive: true, force: true });
  }
}

/** Without the scripts of anybody: what is wanted of a package is a program, and that lies in it. */
async function npmCi(stage: string, { optional }: PinnedProgram): Promise<void> {
  const npm = process.env['npm_execpath'];
  const [command, first] = npm !== undefined && /npm-cli\.c?js$/.test(npm) ? [process.execPath, [npm]] : ['npm', []];
  const args = ['ci', '--prefix', stage, '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const retries = ['--fetch-retries=2', '--fetch-retry-mintimeout=1000', '--fetch-retry-maxtimeout=5000'];
  const cache = join(stage, '.npm');
  await runCommand(
    command,
    [...first, ...args, ...retries, '--cache', cache, ...(optional ? [] : ['--omit=optional'])],
    {
      timeoutMs: INSTALL_MS,
    },
  );
  await rm(cache, { recursive: true, force: true });
}

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
