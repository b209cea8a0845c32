import ts from 'typescript';
import { allowancesOf, faultsOf } from './allow-list.mjs';
import { isProductCode, sourceFiles } from './sources.mjs';
import { importsOf, walk } from './syntax.mjs';

const PLANTED = `
  import { env } from 'node:process';
  const a = process.env.A, b = process['env']['B'], { env: c } = process;
  const d = globalThis.process.env, e = other.env, f = process.pid;
`;

/** @param {import('./sources.mjs').SourceFile} file @returns {import('./allow-list.mjs').Finding[]} */
export function environmentReadsIn(file) {
  const { direct } = importsOf(file, /\/config\.ts$/);
  /** @type {import('./allow-list.mjs').Finding[]} */
  const findings = [];
  walk(file, (node, line) => {
    if (readsEnvironment(node) && !isHandedOver(node, direct))
      findings.push({ path: file.path, line: line(), what: 'process.env' });
  });
  return findings;
}

/** @param {ts.Node} node */
function readsEnvironment(node) {
  if (ts.isPropertyAccessExpression(node)) return node.name.text === 'env' && isProcess(node.expression);
  if (ts.isElementAccessExpression(node)) {
    const key = node.argumentExpression;
    return ts.isStringLiteral(key) && key.text === 'env' && isProcess(node.expression);
  }
  if (ts.isVariableDeclaration(node) && ts.isObjectBindingPattern(node.name) && node.initializer !== undefined) {
    const names = node.name.elements.map(({ name, propertyName }) => (propertyName ?? name).getText());
    return names.includes('env') && isProcess(node.initializer);
  }
  if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
    return /^(node:)?process$/.test(node.moduleSpecifier.text) && /\benv\b/.test(node.importClause?.getText() ?? '');
  }
  return false;
}

/**
 * `readConfig(process.env)`: the whole of it, unread, to what the file imports from its config.ts.
 *
 * @param {ts.Node} node
 * @param {ReadonlyMap<string, string>} fromConfig
 */
const isHandedOver = ({ parent }, fromConfig) =>
  ts.isCallExpression(parent) && ts.isIdentifier(parent.expression) && fromConfig.has(parent.expression.text);

/** @param {ts.Expression} expression */
const isProcess = (expression) => /^(globalThis\.)?process$/.test(expression.getText());

/** packages/host finds programs and folders of the machine, whose places are in the environment; it has no config. */
const MAY_READ = /^[^/]+\/[^/]+\/src\/config\.ts$|^packages\/host\/src\//;

/** Configuration is one zod object in a package's config.ts, parsed once; nothing else reads the environment. */
export async function checkProcessEnv() {
  const planted = environmentReadsIn({ path: 'planted.ts', text: PLANTED }).length;
  if (planted !== 5) return { ok: false, output: `the check sleeps: of 5 planted reads it reports ${planted}` };
  const files = await sourceFiles((path) => isProductCode(path) && !MAY_READ.test(path));
  const faults = faultsOf(files.flatMap(environmentReadsIn), await allowancesOf('process-env'));
  return { ok: faults.length === 0, output: faults.join('\n') };
}
