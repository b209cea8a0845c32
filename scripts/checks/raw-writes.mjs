import ts from 'typescript';
import { allowancesOf, faultsOf } from './allow-list.mjs';
import { isProductCode, sourceFiles } from './sources.mjs';
import { calledName, importsOf, walk } from './syntax.mjs';

const FS = /^(node:)?fs(\/promises)?$/;
const WRITES = /^(writeFile|appendFile|truncate|rename|copyFile|write)(Sync)?$|^createWriteStream$/;
/** The one file that may: everything else that keeps state goes through it. */
const DOOR = 'packages/host/src/atomic-file.ts';

const PLANTED = `
  import { writeFile as put, open, promises } from 'node:fs/promises';
  import * as fs from 'fs';
  await put('a', 'b');
  await open('a', 'w');
  fs.createWriteStream('a');
  await fs.promises.rename('a', 'b');
  await promises.appendFile('a', 'b');
  await open('a', 'r'); await open('a'); store.writeFile('not of fs');
`;

/** @param {import('./sources.mjs').SourceFile} file @returns {import('./allow-list.mjs').Finding[]} */
export function rawWritesIn(file) {
  const imports = importsOf(file, FS);
  /** @type {import('./allow-list.mjs').Finding[]} */
  const findings = [];
  walk(file, (node, line) => {
    if (!ts.isCallExpression(node)) return;
    const name = calledName(node, imports);
    if (name === null) return;
    const flags = node.arguments[1];
    const opensToWrite = /^open(Sync)?$/.test(name) && flags !== undefined && !/^['"]r['"]$/.test(flags.getText());
    if (WRITES.test(name) || opensToWrite) findings.push({ path: file.path, line: line(), what: name });
  });
  return findings;
}

/** Files are written by writeFileAtomic of packages/host, so that none is ever half there or readable by others. */
export async function checkRawWrites() {
  const planted = rawWritesIn({ path: 'planted.ts', text: PLANTED }).map(({ what }) => what);
  const expected = ['writeFile', 'open', 'createWriteStream', 'rename', 'appendFile'];
  if (planted.join() !== expected.join()) {
    return { ok: false, output: `the check sleeps: of planted ${expected.join()} it reports ${planted.join()}` };
  }
  const files = await sourceFiles((path) => isProductCode(path) && path !== DOOR);
  const faults = faultsOf(files.flatMap(rawWritesIn), await allowancesOf('raw-writes'));
  return { ok: faults.length === 0, output: faults.join('\n') };
}
