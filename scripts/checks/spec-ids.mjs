import ts from 'typescript';
import { isSuite, isTest, sourceFiles } from './sources.mjs';
import { walk } from './syntax.mjs';

/** @typedef {import('./sources.mjs').SourceFile} SourceFile */

const SCENARIO = /^#### Scenario: *(.*)$/gm;
const SCENARIO_ID = /^\[([A-Z]{1,3}-\d+)\] \S/;
/** Followed by a colon, a comma or another id: "L-3: …", "C-1, C-2: …". "UTF-8 text" is no citation. */
const CITATION = /(?<![\w-])[A-Z]{1,3}-\d+(?=(?:, [A-Z]{1,3}-\d+)*:)/g;
const RUNNERS = /^(it|test|describe)(\.\w+)*$/;

/** @param {SourceFile} spec @returns {{ ids: string[], faults: string[] }} */
export function scenariosOf({ path, text }) {
  /** @type {string[]} */
  const ids = [];
  /** @type {string[]} */
  const faults = [];
  for (const [, title = ''] of text.matchAll(SCENARIO)) {
    const id = SCENARIO_ID.exec(title)?.[1];
    if (id === undefined) faults.push(`${path}: the scenario "${title}" has no id, such as "[L-1] …"`);
    else ids.push(id);
  }
  return { ids, faults };
}

/** The ids that the names of a file's tests cite. @param {SourceFile} file @returns {string[]} */
export function citationsIn(file) {
  /** @type {string[]} */
  const ids = [];
  walk(file, (node) => {
    if (!ts.isCallExpression(node)) return;
    // it('…'), it.skip('…'), and it.each([…])('…'), where what is called is a call itself.
    const callee = ts.isCallExpression(node.expression) ? node.expression.expression : node.expression;
    const [title] = node.arguments;
    if (title === undefined || !RUNNERS.test(callee.getText())) return;
    if (ts.isStringLiteralLike(title) || ts.isTemplateExpression(title)) {
      ids.push(...(title.getText().slice(1).match(CITATION) ?? []));
    }
  });
  return ids;
}

/**
 * @param {readonly SourceFile[]} specs
 * @param {readonly SourceFile[]} tests
 * @returns {string[]} faults
 */
export function specFaults(specs, tests) {
  const scenarios = specs.map((spec) => ({ path: spec.path, ...scenariosOf(spec) }));
  const faults = scenarios.flatMap((spec) => spec.faults);
  /** @type {Map<string, string>} */
  const known = new Map();
  for (const { path, ids } of scenarios) {
    for (const id of ids) {
      if (known.has(id)) faults.push(`${path}: the id ${id} is taken already, in ${known.get(id)}`);
      known.set(id, path);
    }
  }
  const cited = tests.map((test) => ({ path: test.path, ids: citationsIn(test) }));
  const all = new Set(cited.flatMap(({ ids }) => ids));
  for (const [id, path] of known) if (!all.has(id)) faults.push(`${path}: no test cites ${id}`);
  for (const { path, ids } of cited) {
    for (const id of new Set(ids))
      if (!known.has(id)) faults.push(`${path}: it cites ${id}, which no specification has`);
  }
  return faults;
}

const PLANTED_SPEC = { path: 'spec.md', text: '#### Scenario: [ZZ-1] a\n#### Scenario: [ZZ-2] b\n#### Scenario: c\n' };
const PLANTED_TEST = { path: 'a.test.ts', text: "it('ZZ-1, ZZ-3: does', () => {}); it('keeps UTF-8 text', f);" };

/** Every scenario has an id that a test's name cites, and every id that a test cites is a scenario's. */
export async function checkSpecIds() {
  const planted = specFaults([PLANTED_SPEC], [PLANTED_TEST]);
  if (planted.length !== 3) return { ok: false, output: `the check sleeps: ${planted.join('; ')}` };
  const specs = await sourceFiles((path) => /^openspec\/specs\/[^/]+\/spec\.md$/.test(path));
  const faults = specFaults(specs, await sourceFiles((path) => isTest(path) || isSuite(path)));
  if (specs.length === 0) faults.push('openspec/specs has no specification');
  return { ok: faults.length === 0, output: faults.join('\n') };
}
