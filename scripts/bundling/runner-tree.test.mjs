import { execFile } from 'node:child_process';
import { chmod, lstat, mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inRoot } from '../bootstrap/root.mjs';

const run = promisify(execFile);
const MINUTE = 60_000;

/** @type {string} */
let folder;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rh-tree-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** @param {readonly string[]} args */
const make = (...args) => run('/bin/sh', ['-c', 'umask 077; exec "$@"', 'sh', process.execPath, script, ...args]);
const script = inRoot('scripts/runner-tree.mjs');

describe('the runner tree', () => {
  it(
    'R-37: is whole, readable by everybody, without a link, and runs without the checkout; made again it stays',
    async () => {
      const out = join(folder, 'tree');
      expect((await make('--out', out)).stdout).toBe(`${out}\n`);
      for (const entry of ['', ...(await readdir(out, { recursive: true }))]) {
        const info = await lstat(join(out, entry));
        expect(info.isSymbolicLink(), entry).toBe(false);
        expect(info.mode & 0o777, entry).toBe(info.isDirectory() || entry === 'bin/node' ? 0o755 : 0o644);
      }
      const main = join(out, 'services/runner/dist/bundle/main.js');
      await expect(run(join(out, 'bin/node'), [main], { env: {}, cwd: '/' })).rejects.toThrow('usage: main.js');
      const agent = await readFile(join(out, 'packages/scripted-agent/dist/main.js'), 'utf8');
      expect(agent).not.toMatch(/from ['"]@/);

      const { ino } = await stat(out);
      await make('--out', out);
      expect((await stat(out)).ino).toBe(ino);
      const { content } = JSON.parse(await readFile(join(out, 'tree.json'), 'utf8'));
      const into = (await make('--into', join(folder, 'trees'))).stdout.trim();
      expect(into).toBe(join(folder, 'trees', content));
      expect(await readdir(join(folder, 'trees'))).toEqual([content]);
    },
    MINUTE,
  );

  it(
    'R-37: replaces a tree that differs, and leaves alone what is none',
    async () => {
      const out = join(folder, 'tree');
      await make('--out', out);
      await writeFile(join(out, 'tree.json'), '{"content":"another"}');
      await make('--out', out);
      expect(JSON.parse(await readFile(join(out, 'tree.json'), 'utf8')).content).toMatch(/^[0-9a-f]{16}$/);
      const mine = join(folder, 'mine');
      await mkdir(mine);
      await writeFile(join(mine, 'precious.txt'), 'p');
      await expect(make('--out', mine)).rejects.toThrow('is no runner tree; it is left as it is');
      expect(await readdir(mine)).toEqual(['precious.txt']);
      expect((await readdir(folder)).sort()).toEqual(['mine', 'tree', 'trees']);
    },
    MINUTE,
  );

  it('R-37: takes no Node that is too old', async () => {
    const old = join(folder, 'old-node');
    await writeFile(old, '#!/bin/sh\necho v20.18.3\n');
    await chmod(old, 0o755);
    await expect(make('--out', join(folder, 'none'), '--node', old)).rejects.toThrow('20.19 is the oldest');
    await rm(old);
  });
});
