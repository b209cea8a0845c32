import { execFile } from 'node:child_process';
import { cp, link, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Script } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { inRoot } from '../../bootstrap/root.mjs';
import { RUNNER_BUNDLE, bundleRunner } from '../programs.mjs';
import { compileRunner } from './compile.mjs';
import { CODE_FILE, MARK_LENGTH, PROGRAM_FILE } from './program.mjs';

const run = promisify(execFile);

/** @type {string} */
let folder;
/** @type {string} */
let bundle;
beforeAll(async () => {
  await bundleRunner();
  folder = await mkdtemp(join(tmpdir(), 'rh-compiled-'));
  bundle = join(folder, 'bundle');
});
afterAll(() => rm(folder, { recursive: true }));

/** A copy of the checkout's bundle. */
const copied = async () => {
  await rm(bundle, { recursive: true, force: true });
  await cp(inRoot(RUNNER_BUNDLE), bundle, { recursive: true });
};
/** @param {string} file */
const text = (file) => readFile(join(bundle, file), 'latin1');
/** Started without an order, it says how it is used. */
const said = () =>
  run(process.execPath, [join(bundle, 'main.js')], { env: {}, cwd: '/' }).then(
    () => 'nothing',
    ({ stderr }) => String(stderr).trim(),
  );
const USAGE = 'roundhouse runner: usage: main.js --config FILE | --await SOCKET';
/** @param {Uint8Array} code */
const scriptFrom = async (code) => new Script(await readFile(join(bundle, PROGRAM_FILE), 'utf8'), { cachedData: code });

describe('R-40: the compiled runner', () => {
  it('R-40: its code is taken, and holds the functions that an attempt calls', async () => {
    await copied();
    const code = (await readFile(join(bundle, CODE_FILE))).subarray(MARK_LENGTH);
    const script = await scriptFrom(code);
    expect(script.cachedDataRejected).toBe(false);
    expect((await text(CODE_FILE)).slice(0, MARK_LENGTH)).toBe((await text(PROGRAM_FILE)).slice(0, MARK_LENGTH));
    // A third of it is there once it is read, half once a runner has said how it is used.
    const unrun = new Script(await readFile(join(bundle, PROGRAM_FILE), 'utf8')).createCachedData();
    expect(code.length).toBeGreaterThan(2 * unrun.length);
    expect(await said()).toBe(USAGE);
  });

  it('R-40: starts from its source where code is missing, broken, or of another program of the same length', async () => {
    await copied();
    await rm(join(bundle, CODE_FILE));
    expect(await said()).toBe(USAGE);

    const program = await text(PROGRAM_FILE);
    const mark = program.slice(0, MARK_LENGTH);
    await writeFile(join(bundle, CODE_FILE), `${mark}${'no code at all '.repeat(1_000)}`);
    expect(await said()).toBe(USAGE);
    await writeFile(join(bundle, CODE_FILE), '');
    expect(await said()).toBe(USAGE);

    await copied();
    const [one, other] = ['usage: main.js', 'USAGE: MAIN.JS'];
    const changed = program.replace(one, other).replace(mark, mark.replace(/[0-9a-f]/g, '0'));
    expect(changed).toHaveLength(program.length);
    await writeFile(join(bundle, PROGRAM_FILE), changed, 'latin1');
    // V8 itself would take it.
    const code = (await readFile(join(bundle, CODE_FILE))).subarray(MARK_LENGTH);
    expect((await scriptFrom(code)).cachedDataRejected).toBe(false);
    expect(await said()).toBe(USAGE.replace(one, other));
  });

  it('R-40: a Node that cannot make code leaves a runner without, and no scratch folder', async () => {
    await copied();
    await rm(join(bundle, CODE_FILE));
    const scratch = join(folder, 'scratch');
    await mkdir(scratch);
    vi.stubEnv('TMPDIR', scratch);
    await compileRunner(bundle, '/bin/false').finally(() => vi.unstubAllEnvs());
    expect(await readdir(bundle)).not.toContain(CODE_FILE);
    expect(await readdir(scratch)).toEqual([]);
  });

  it('R-40: a tree has code of the Node that it has, under a name that says the same every time', async () => {
    // Another path is another Node: code of its own is made.
    const node = join(folder, 'node');
    await link(process.execPath, node).catch(() => cp(process.execPath, node));
    const script = inRoot('scripts/runner-tree.mjs');
    /** @param {readonly string[]} args */
    const make = async (...args) => (await run(process.execPath, [script, ...args])).stdout.trim();
    const one = await make('--out', join(folder, 'one'));
    const other = await make('--out', join(folder, 'other'), '--node', node);
    const codes = await Promise.all([one, other].map((tree) => readFile(join(tree, RUNNER_BUNDLE, CODE_FILE))));
    const names = await Promise.all([one, other].map((tree) => readFile(join(tree, 'tree.json'), 'utf8')));
    expect(codes[0]?.equals(codes[1] ?? Buffer.alloc(0))).toBe(false);
    expect(names[0]).toBe(names[1]);
    await rm(join(one, RUNNER_BUNDLE, CODE_FILE));
    expect((await scriptFrom((codes[1] ?? Buffer.alloc(0)).subarray(MARK_LENGTH))).cachedDataRejected).toBe(false);
  });
});
