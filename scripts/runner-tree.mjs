// Makes the runner tree: the folder that is mounted read-only into a container (at /opt/roundhouse), so that any glibc
// image with git can be a sandbox. Prints the tree's path on standard output. Needs the compiled packages.
import { mkdir, mkdtemp, readFile, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { TREE_FILE, fillTree } from './bundling/tree.mjs';

const HELP = `usage: node scripts/runner-tree.mjs (--out DIR | --into DIR) [--node FILE]

  --out DIR    makes the tree at DIR. A tree that is there is replaced where it differs; anything else is left alone.
               Sandboxes that run from the one replaced lose it: use --into where there may be some.
  --into DIR   makes the tree at DIR/<hash of its content>, beside the earlier ones.
  --node FILE  the Node program that runs in the sandbox (default: this one); 20.19 or newer.
`;

/** @param {string} folder @returns {Promise<string | null>} the content's name, or null where there is no tree */
async function contentAt(folder) {
  const text = await readFile(join(folder, TREE_FILE), 'utf8').catch(() => null);
  return text === null ? null : JSON.parse(text).content;
}

/** Puts the new tree where it belongs in one step. @param {string} made @param {string} out @param {string} content */
async function place(made, out, content) {
  if ((await contentAt(out)) === content) return;
  const there = await readdir(out).catch(() => /** @type {string[]} */ ([]));
  if (there.length > 0 && !there.includes(TREE_FILE)) throw new Error(`${out} is no runner tree; it is left as it is`);
  const old = `${made}.old`;
  const moved = await rename(out, old).then(
    () => true,
    () => false,
  );
  try {
    await rename(made, out);
  } catch (error) {
    // Somebody was quicker: that tree is as good, if it is the same.
    if ((await contentAt(out)) !== content) throw error;
  } finally {
    if (moved) await rm(old, { recursive: true, force: true });
  }
}

/** @param {{ out: string } | { into: string }} where @param {string} node */
async function make(where, node) {
  const parent = 'out' in where ? dirname(where.out) : where.into;
  await mkdir(parent, { recursive: true });
  const made = await mkdtemp(join(parent, `.${basename('out' in where ? where.out : 'tree')}.`));
  try {
    const content = await fillTree(made, node);
    const out = 'out' in where ? where.out : join(where.into, content);
    await place(made, out, content);
    return out;
  } finally {
    await rm(made, { recursive: true, force: true });
  }
}

try {
  const { out, into, node, help } = parseArgs({
    options: {
      out: { type: 'string' },
      into: { type: 'string' },
      node: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  }).values;
  if (help === true) process.stdout.write(HELP);
  else if ((out === undefined) === (into === undefined)) throw new Error(`say --out or --into\n${HELP}`);
  else {
    const where = out === undefined ? { into: resolve(String(into)) } : { out: resolve(out) };
    process.stdout.write(`${await make(where, node === undefined ? process.execPath : resolve(node))}\n`);
  }
} catch (error) {
  process.stderr.write(`roundhouse: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
