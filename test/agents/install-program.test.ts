import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { failOnLeaks, type TemporaryFolder, temporaryFolder } from '@roundhouse/testkit';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { install, type InstallOrder } from './install-program.ts';
import { installedOrSkipped } from './installed-or-skipped.ts';

failOnLeaks();

let folder: TemporaryFolder;
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await folder.remove();
});

const SMALL = { name: 'small', version: '3.0.1', private: true, dependencies: { mkdirp: '3.0.1' } };
const LOCK = {
  name: SMALL.name,
  version: SMALL.version,
  lockfileVersion: 3,
  requires: true,
  packages: {
    '': SMALL,
    'node_modules/mkdirp': {
      version: '3.0.1',
      integrity: 'sha512-+NsyUUAZDmo6YVHzL/stxSu3t9YS1iljliy3BSDrXJ/dkn1KYdmtZODGGjLcc9XLgVVpH4KshHB8XmZgMhaBXg==',
      bin: { mkdirp: 'dist/cjs/src/bin.js' },
    },
  },
};

/** A program of a few kilobytes, as the large ones are installed. */
async function small(): Promise<InstallOrder & { readonly said: string[] }> {
  const manifest = join(folder.path, 'manifest');
  await mkdir(manifest, { recursive: true });
  await writeFile(join(manifest, 'package.json'), JSON.stringify(SMALL));
  await writeFile(join(manifest, 'package-lock.json'), JSON.stringify(LOCK));
  const said: string[] = [];
  const find = (modules: string) => Promise.resolve(join(modules, 'mkdirp/dist/cjs/src/bin.js'));
  const program = { downloadMb: 1, optional: false, find };
  return {
    name: 'mkdirp',
    manifest,
    program,
    cache: join(folder.path, 'cache'),
    say: (words) => said.push(words),
    said,
  };
}

it('RX-13: two at once fetch it once, and the next one nothing', async ({ skip }) => {
  const order = await small();
  const [one, other] = await Promise.all([1, 2].map(() => installedOrSkipped(install(order), order.say)));
  if (one === null) return skip();
  expect(other).toEqual(one);
  expect(order.said.filter((words) => words.includes('fetching'))).toHaveLength(1);
  expect(await install(order)).toEqual(one);
  expect(order.said).toHaveLength(2);
  expect(await readFile(one?.path ?? '', 'utf8')).toMatch(/^#!/);
  // Nothing half made, no lock, and no cache of npm's.
  expect(await readdir(order.cache)).toHaveLength(1);
});

it('RX-13: where nothing can be fetched its tests are skipped in one line, and in CI that is an error', async () => {
  vi.stubEnv('npm_config_registry', 'http://127.0.0.1:9/');
  const order = await small();
  const installing = install(order);
  expect(await installedOrSkipped(installing, order.say, false)).toBeNull();
  expect(order.said.at(-1)).toMatch(/^skipped: mkdirp 3\.0\.1 cannot be installed: .*ECONNREFUSED/);
  await expect(installedOrSkipped(installing, order.say, true)).rejects.toThrow(/cannot be installed/);
  expect(await readdir(order.cache)).toEqual([]);
});
