// A process of its own (the compiler is large, and the bootstrap becomes the service): strips the types off the sources
// of all projects and writes JavaScript with source maps beside where `tsc -b` puts it. It checks no types: that takes
// `npm run check` half a minute, and a start should not wait for it. Exits 1 and says why where a source cannot be parsed.
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { dirname, relative } from 'node:path';
import ts from 'typescript';
import { projects } from './projects.mjs';
import { inRoot, ROOT } from './root.mjs';

/** As in tsconfig.base.json, but for what only a whole program can decide. @type {ts.CompilerOptions} */
const OPTIONS = {
  target: ts.ScriptTarget.ES2023,
  module: ts.ModuleKind.ESNext,
  verbatimModuleSyntax: true,
  rewriteRelativeImportExtensions: true,
  sourceMap: true,
};

/** @param {string} project @param {string} file below the project's src @returns {Promise<readonly ts.Diagnostic[]>} */
async function transpile(project, file) {
  const source = inRoot(project, 'src', file);
  const output = inRoot(project, 'dist', file.replace(/\.ts$/, '.js'));
  const text = await readFile(source, 'utf8');
  const compilerOptions = { ...OPTIONS, sourceRoot: relative(dirname(output), dirname(source)) };
  const options = { fileName: source, compilerOptions, reportDiagnostics: true };
  const { outputText, sourceMapText = '', diagnostics = [] } = ts.transpileModule(text, options);
  await mkdir(dirname(output), { recursive: true });
  await Promise.all([writeFile(output, outputText), writeFile(`${output}.map`, sourceMapText)]);
  return diagnostics;
}

/** @type {ts.Diagnostic[]} */
const faults = [];
for (const project of await projects()) {
  const entries = await readdir(inRoot(project, 'src'), { recursive: true }).catch(() => []);
  const files = entries.filter((file) => file.endsWith('.ts') && !/\.(?:test|d)\.ts$/.test(file));
  for (const found of await Promise.all(files.map((file) => transpile(project, file)))) faults.push(...found);
}
if (faults.length > 0) {
  const host = { getCanonicalFileName: (/** @type {string} */ name) => name, getCurrentDirectory: () => ROOT };
  process.stderr.write(ts.formatDiagnostics(faults, { ...host, getNewLine: () => '\n' }));
  process.exitCode = 1;
}
