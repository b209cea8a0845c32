import ts from 'typescript';

/**
 * Parses a file (no types: that is a hundred times slower) and calls `visit` for each node.
 *
 * @param {import('./sources.mjs').SourceFile} file
 * @param {(node: ts.Node, line: () => number) => void} visit
 */
export function walk(file, visit) {
  const source = ts.createSourceFile(file.path, file.text, ts.ScriptTarget.ES2023, true);
  /** @param {ts.Node} node */
  const step = (node) => {
    visit(node, () => source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1);
    ts.forEachChild(node, step);
  };
  step(source);
}

/**
 * The names under which a file knows things of some modules: `direct` maps a local name to the exported one
 * (`import { open as o }`), `whole` has the names of whole modules (`import fs`, `import * as fs`).
 *
 * @param {import('./sources.mjs').SourceFile} file
 * @param {RegExp} modules
 */
export function importsOf(file, modules) {
  /** @type {Map<string, string>} */
  const direct = new Map();
  /** @type {Set<string>} */
  const whole = new Set();
  walk(file, (node) => {
    if (!ts.isImportDeclaration(node) || !ts.isStringLiteral(node.moduleSpecifier)) return;
    if (!modules.test(node.moduleSpecifier.text)) return;
    const clause = node.importClause;
    if (clause?.name !== undefined) whole.add(clause.name.text);
    const bindings = clause?.namedBindings;
    if (bindings === undefined) return;
    if (ts.isNamespaceImport(bindings)) whole.add(bindings.name.text);
    else for (const { name, propertyName } of bindings.elements) direct.set(name.text, (propertyName ?? name).text);
  });
  return { direct, whole };
}

/**
 * The exported name that a call calls, or null: `o(…)`, `fs.open(…)`, `fs.promises.open(…)`.
 *
 * @param {ts.CallExpression} call
 * @param {ReturnType<typeof importsOf>} imports
 * @returns {string | null}
 */
export function calledName(call, { direct, whole }) {
  const { expression } = call;
  if (ts.isIdentifier(expression)) return direct.get(expression.text) ?? null;
  if (!ts.isPropertyAccessExpression(expression)) return null;
  let root = expression.expression;
  if (ts.isPropertyAccessExpression(root)) root = root.expression;
  if (!ts.isIdentifier(root)) return null;
  return whole.has(root.text) || direct.get(root.text) === 'promises' ? expression.name.text : null;
}
