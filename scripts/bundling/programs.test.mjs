import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { inRoot, ROOT } from '../bootstrap/root.mjs';
import { bundlePrograms } from './programs.mjs';

const run = promisify(execFile);

/** A program in the checkout, with a module in a folder of its own and a dependency that is CommonJS. */
const FILES = {
  'packages/small/package.json': '{"type":"module"}',
  'packages/small/beside.txt': 'found',
  'packages/small/dist/main.js': `import { text } from './deep/text.js';
import folder from 'stranger';
process.stdout.write(JSON.stringify({ text, folder }));`,
  'packages/small/dist/deep/text.js': `import { readFile } from 'node:fs/promises';
export const text = await readFile(new URL('../../beside.txt', import.meta.url), 'utf8');`,
  'node_modules/stranger/package.json': '{"name":"stranger","main":"lib/index.js"}',
  'node_modules/stranger/lib/index.js': `module.exports = __dirname;`,
};

/** @type {string} */
let folder;
/** @param {string} file @param {string} text */
const write = async (file, text) => {
  await mkdir(dirname(join(folder, file)), { recursive: true });
  await writeFile(join(folder, file), text);
};
beforeAll(async () => {
  await mkdir(inRoot('.roundhouse'), { recursive: true });
  folder = await mkdtemp(inRoot('.roundhouse/bundling-'));
  for (const [file, text] of Object.entries(FILES)) await write(file, text);
});
afterAll(() => rm(folder, { recursive: true }));

it('B-12: a bundled program finds what its modules name relative to themselves, and is bundled again once one changed', async () => {
  const dist = relative(ROOT, join(folder, 'packages/small/dist'));
  const program = { entry: `${dist}/main.js`, outdir: `${dist}/bundle` };
  const said = async () =>
    JSON.parse((await run(process.execPath, [inRoot(dist, 'bundle/main.js')], { cwd: '/' })).stdout);

  expect(await bundlePrograms([program])).toEqual([program]);
  expect(await said()).toEqual({ text: 'found', folder: join(folder, 'node_modules/stranger/lib') });
  expect(await bundlePrograms([program])).toEqual([]);

  await write('packages/small/dist/deep/text.js', `export const text = 'changed, and longer than before';`);
  expect(await bundlePrograms([program])).toEqual([program]);
  expect(await said()).toMatchObject({ text: 'changed, and longer than before' });
});

it('B-12: every program that a checkout starts is one file, and says what it lacks where it is started without settings', async () => {
  expect(await bundlePrograms()).toEqual([]);
  const services = ['coordinator', 'launcher', 'mcp-gateway', 'relay'].map((name) => `services/${name}`);
  for (const service of services) {
    const started = run(process.execPath, [inRoot(service, 'dist/bundle/main.js')], { env: {}, cwd: '/' });
    await expect(started, service).rejects.toThrow(/cannot start: ROUNDHOUSE_/);
  }
  const { stdout } = await run(process.execPath, [inRoot('packages/cli/dist/bundle/main.js'), '--help'], { cwd: '/' });
  expect(stdout).toContain('Usage: roundhouse');
});
