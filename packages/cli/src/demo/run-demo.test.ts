import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readConfig } from '../config.ts';
import { ensureSampleRepository } from '../embedded/sample-repository.ts';
import { git } from '../git.ts';

const MAIN = fileURLToPath(new URL('../../dist/bundle/main.js', import.meta.url));
const { inherited } = readConfig({ ...process.env }, false);

let folder: string;
beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'demo-')));
});
afterEach(() => rm(folder, { recursive: true }));

it('C-13: the demo lands seven of eight, shows the conflicts, leaves nothing, and only reads the repository', async () => {
  const cwd = await ensureSampleRepository(join(folder, 'app'), inherited, new AbortController().signal);
  const look = async () => [
    await git(['for-each-ref'], { cwd, environment: inherited }),
    await git(['status', '--porcelain'], { cwd, environment: inherited }),
  ];
  const before = await look();
  const temporary = join(folder, 'app', '..');
  const child = spawn(process.execPath, [MAIN, 'demo'], {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, TMPDIR: temporary },
  });
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);

  expect(code, `${stdout}\n${stderr}`).toBe(0);
  expect(stdout).toContain(`from ${cwd}`);
  expect(stdout.match(/: landed$/gm)).toHaveLength(7);
  expect(stdout.match(/"outcome":"conflicted","files":\[\{"path":"README.md"/g)).toHaveLength(2);
  expect(stdout).toMatch(/Wording B did not land; its work is kept as refs\/archive\//);
  expect(stdout).toContain('remaining 0');
  expect(stdout).toMatch(/^\* +[0-9a-f]+ A sample to begin with$/m);
  expect(stdout).toContain('Nothing is left running');
  expect(await look()).toEqual(before);
  expect(await readdir(folder)).toEqual(['app']);
}, 180_000);
