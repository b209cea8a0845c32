import ts from 'typescript';
import { allowancesOf, faultsOf } from './allow-list.mjs';
import { isProductCode, sourceFiles } from './sources.mjs';
import { calledName, importsOf, walk } from './syntax.mjs';

const MODULES = /^(node:)?(fs|child_process)$/;
const PLANTED = `
  import { readFileSync, readFile } from 'node:fs';
  import cp from 'child_process';
  readFileSync('a'); cp.execFileSync('git'); readFile('a', done); thing.readSync();
`;

/** @param {import('./sources.mjs').SourceFile} file @returns {import('./allow-list.mjs').Finding[]} */
export function syncCallsIn(file) {
  const imports = importsOf(file, MODULES);
  /** @type {import('./allow-list.mjs').Finding[]} */
  const findings = [];
  walk(file, (node, line) => {
    if (!ts.isCallExpression(node)) return;
    const name = calledName(node, imports);
    if (name?.endsWith('Sync')) findings.push({ path: file.path, line: line(), what: name });
  });
  return findings;
}

/** No synchronous file or process call: one of 50 ms stops every wait, link and request of the process. */
export async function checkSyncCalls() {
  const planted = syncCallsIn({ path: 'planted.ts', text: PLANTED }).map(({ what }) => what);
  if (planted.join() !== 'readFileSync,execFileSync')
    return { ok: false, output: `the check sleeps: reports ${planted.join()}` };
  const files = await sourceFiles(isProductCode);
  const faults = faultsOf(files.flatMap(syncCallsIn), await allowancesOf('sync-calls'));
  return { ok: faults.length === 0, output: faults.join('\n') };
}
