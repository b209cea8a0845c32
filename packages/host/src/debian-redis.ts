import { access, mkdir, mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { moveAtomic, writeFileAtomic } from './atomic-file.ts';
import { cacheFolder } from './cache-folder.ts';
import { takeFileLock } from './file-lock.ts';
import type { Logger } from './logger.ts';
import { runCommand } from './run-command.ts';

interface Unpacked {
  readonly command: string;
  readonly env: Readonly<Record<string, string>>;
}

interface Options {
  readonly log: Logger;
  readonly signal?: AbortSignal | undefined;
}

/** Another process may be unpacking the same: as long as its slowest download may take. */
const LOCK_WAIT_MS = 300_000;
const DOWNLOAD_MS = 240_000;
const QUICK_MS = 60_000;

/**
 * Redis of the distribution's own signed packages, unpacked into `${XDG_CACHE_HOME:-~/.cache}/roundhouse/redis-<codename>-
 * <arch>`; nothing of the system is changed and no root is needed. Null where this is not Debian or Ubuntu. About 4 s and
 * 4 MB the first time, nothing afterwards.
 */
export async function debianRedis(options: Options): Promise<Unpacked | null> {
  const system = await readSystem();
  if (system === null) return null;
  const arch = (await runCommand('dpkg', ['--print-architecture'], { timeoutMs: QUICK_MS })).trim();
  const cache = cacheFolder();
  const root = join(cache, `redis-${system.codename}-${arch}`);
  if (await exists(join(root, 'usr/bin/redis-server'))) return programOf(root);

  await mkdir(cache, { recursive: true, mode: 0o700 });
  const lock = await takeFileLock(`${root}.lock`, { waitMs: LOCK_WAIT_MS, signal: options.signal });
  try {
    if (!(await exists(join(root, 'usr/bin/redis-server')))) await unpack(system, cache, root, options);
    return await programOf(root);
  } finally {
    await lock.release();
  }
}

async function unpack(system: System, cache: string, root: string, { log, signal }: Options): Promise<void> {
  log.info({ folder: root }, 'no redis-server on the PATH: fetching the distribution’s package into the cache (once)');
  const stage = await mkdtemp(join(cache, '.unpack-'));
  try {
    const apt = await aptOptions(system, stage);
    await runCommand('apt-get', [...apt, 'update'], { timeoutMs: DOWNLOAD_MS, signal });
    // "install" of download-only: apt itself says which libraries this machine lacks.
    const install = ['install', '--download-only', '--yes', '--no-install-recommends', 'redis-server'];
    await runCommand('apt-get', [...apt, ...install], { timeoutMs: DOWNLOAD_MS, signal });
    const archives = join(stage, 'cache/archives');
    const target = join(stage, 'root');
    for (const name of (await readdir(archives)).filter((file) => file.endsWith('.deb'))) {
      await runCommand('dpkg-deb', ['-x', join(archives, name), target], { timeoutMs: QUICK_MS, signal });
    }
    const { command, env } = await programOf(target);
    const version = await runCommand(command, ['--version'], { timeoutMs: QUICK_MS, env });
    // What a crash may have left there is not whole: the test above did not find its program.
    await rm(root, { recursive: true, force: true });
    await moveAtomic(target, root);
    log.info({ version: version.trim() }, 'Redis is unpacked');
  } finally {
    await rm(stage, { recursive: true, force: true });
  }
}

/** The libraries lie in one folder per architecture whose name Debian spells its own way, so it is looked for. */
async function programOf(root: string): Promise<Unpacked> {
  const folders: string[] = [];
  for (const parent of ['usr/lib', 'lib']) {
    const names = await readdir(join(root, parent)).catch(() => []);
    folders.push(...names.filter((name) => /-linux-gnu/.test(name)).map((name) => join(root, parent, name)));
  }
  const inherited = process.env['LD_LIBRARY_PATH'];
  const path = inherited ? [...folders, inherited] : folders;
  return {
    command: join(root, 'usr/bin/redis-server'),
    env: path.length > 0 ? { LD_LIBRARY_PATH: path.join(':') } : {},
  };
}

interface System {
  readonly id: 'debian' | 'ubuntu';
  readonly codename: string;
}

async function readSystem(): Promise<System | null> {
  const text = await readFile('/etc/os-release', 'utf8').catch(() => '');
  const value = (key: string): string => new RegExp(`^${key}="?([^"\\n]*)"?$`, 'm').exec(text)?.[1] ?? '';
  const ids = [value('ID'), ...value('ID_LIKE').split(' ')];
  const id = ids.includes('ubuntu') ? 'ubuntu' : ids.includes('debian') ? 'debian' : null;
  const codename = value(id === 'ubuntu' ? 'UBUNTU_CODENAME' : 'VERSION_CODENAME') || value('VERSION_CODENAME');
  return id === null || !/^[a-z]+$/.test(codename) ? null : { id, codename };
}

const DEFAULTS = {
  debian: { uri: 'http://deb.debian.org/debian', components: ['main'] },
  ubuntu: { uri: 'http://archive.ubuntu.com/ubuntu', components: ['main', 'universe'] },
} as const;

/**
 * Options that give apt lists, cache and lock of our own, with the mirrors that this machine is set up with but without
 * its third-party sources, one of which may be out of order.
 */
async function aptOptions(system: System, stage: string): Promise<string[]> {
  for (const folder of ['lists/partial', 'cache/archives/partial'])
    await mkdir(join(stage, folder), { recursive: true });
  await writeFileAtomic(join(stage, 'sources.list'), await sources(system), { mode: 0o644 });
  return [
    `Dir::Etc::sourcelist=${join(stage, 'sources.list')}`,
    'Dir::Etc::sourceparts=/dev/null',
    `Dir::State::lists=${join(stage, 'lists')}`,
    `Dir::Cache=${join(stage, 'cache')}`,
    'Debug::NoLocking=1',
    'Acquire::Languages=none',
    'Acquire::Retries=3',
    'Acquire::http::Timeout=30',
    'Acquire::https::Timeout=30',
    // Started as root, apt would download as user _apt, who may not write into root's cache.
    ...(process.getuid?.() === 0 ? ['APT::Sandbox::User=root'] : []),
    'quiet=2',
  ].flatMap((option) => ['-o', option]);
}

async function sources({ id, codename }: System): Promise<string> {
  const format = '$(REPO_URI) $(RELEASE) $(COMPONENT)';
  const listed = await runCommand('apt-get', ['indextargets', '--format', format, 'Created-By: Packages'], {
    timeoutMs: QUICK_MS,
  }).catch(() => ''); // Without sources there is nothing to list; the defaults serve.
  const rows = [...new Set(listed.split('\n'))]
    .map((line) => line.split(' '))
    .filter(
      ([uri, release, component]) =>
        uri?.includes(`/${id}`) &&
        (release === codename || release?.startsWith(`${codename}-`)) &&
        (component === 'main' || component === 'universe'),
    );
  const { uri, components } = DEFAULTS[id];
  const used = rows.length > 0 ? rows : components.map((component) => [uri, codename, component]);
  const keyring = `/usr/share/keyrings/${id}-archive-keyring.gpg`;
  const option = (await exists(keyring)) ? `[signed-by=${keyring}] ` : '';
  return used.map((row) => `deb ${option}${row.join(' ')}\n`).join('');
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
