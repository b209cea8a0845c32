import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { inRoot } from '../bootstrap/root.mjs';

/** Generates into an empty folder and holds the result against the files of the tree. */
export async function checkGenerated() {
  // Loaded late: what it imports is compiled by the check of types.
  const { GENERATED } = await import('../generators/index.mjs');
  const folder = await mkdtemp(join(tmpdir(), 'rh-generated-'));
  try {
    /** @type {string[]} */
    const faults = [];
    for (const { file, write } of GENERATED) {
      const made = join(folder, basename(file));
      await write(made);
      const [fresh, committed] = await Promise.all([readFile(made, 'utf8'), read(inRoot(file))]);
      const fault = driftOf(file, fresh, committed);
      if (fault !== null) faults.push(fault);
    }
    return { ok: faults.length === 0, output: faults.join('\n') };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * @param {string} file
 * @param {string} fresh
 * @param {string | null} committed
 * @returns {string | null} what differs, or null
 */
export function driftOf(file, fresh, committed) {
  if (committed === null) return `${file} is missing: npm run generate`;
  if (committed === fresh) return null;
  const [before, after] = [committed.split('\n'), fresh.split('\n')];
  const at = after.findIndex((line, index) => line !== before[index]);
  const line = at < 0 ? after.length : at;
  return `${file} differs from line ${line + 1} on: npm run generate\n  - ${before[line] ?? ''}\n  + ${after[line] ?? ''}`;
}

/** @param {string} path @returns {Promise<string | null>} */
const read = (path) => readFile(path, 'utf8').catch(() => null);
