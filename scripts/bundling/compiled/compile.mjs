import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { inRoot } from '../../bootstrap/root.mjs';
import { replaceFile } from '../replace-file.mjs';
import { CODE_FILE } from './program.mjs';

/** It takes a second. */
const REHEARSAL_MS = 60_000;
/** For where there is no git, such as the stage that builds the images: nothing but its version is asked for. */
const GIT = '#!/bin/sh\necho git version 2.31.0\n';

/**
 * Puts compiled code beside the bundled runner in `folder`, made by the Node that is to load it. Where that cannot be done
 * it is said, and the runner starts from its source.
 *
 * @param {string} folder
 * @param {string} node
 */
export async function compileRunner(folder, node) {
  const scratch = await mkdtemp(join(tmpdir(), 'rh-compile-'));
  try {
    await replaceFile(join(folder, CODE_FILE), await codeOf(folder, node, scratch));
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    process.stderr.write(`roundhouse: the runner is not compiled ahead and starts more slowly: ${words}\n`);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** @param {string} folder @param {string} node @param {string} scratch */
async function codeOf(folder, node, scratch) {
  await mkdir(join(scratch, 'bin'));
  await writeFile(join(scratch, 'bin/git'), GIT, { mode: 0o755 });
  const out = join(scratch, 'code');
  // Nothing else of the environment: NODE_OPTIONS would make code that a runner without them refuses.
  const env = {
    PATH: `${process.env['PATH'] ?? ''}${delimiter}${join(scratch, 'bin')}`,
    TMPDIR: scratch,
    ROUNDHOUSE_SANDBOX: 'rehearsal',
    ROUNDHOUSE_LOG_LEVEL: 'warn',
  };
  const options = { env, timeout: REHEARSAL_MS, cwd: scratch };
  const rehearse = inRoot('scripts/bundling/compiled/rehearse.mjs');
  const { stderr } = await promisify(execFile)(node, [rehearse, folder, scratch, out], options);
  process.stderr.write(stderr);
  return await readFile(out);
}
