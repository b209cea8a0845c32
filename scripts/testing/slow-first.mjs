import { BaseSequencer } from 'vitest/node';

/**
 * Files that take more than half a minute, with their seconds on two quiet cores. It need not be exact: what counts is
 * that none of them is begun last, when nothing is left to run beside it.
 *
 * @type {Readonly<Record<string, number>>}
 */
export const SLOW = {
  'test/e2e/compose.test.ts': 240,
  'test/e2e/run-plan.test.ts': 140,
  'test/e2e/airgap.test.ts': 110,
  'services/launcher/src/launcher.test.ts': 100,
  'services/launcher/src/adapters/docker/docker-sandbox.suite.test.ts': 95,
  'test/chaos/restarts.test.ts': 90,
  'test/e2e/readme.test.ts': 80,
  'test/e2e/hundred-tasks.test.ts': 70,
  'services/coordinator/src/testing/histories/histories.test.ts': 60,
  'test/agents/claude.test.ts': 60,
  'test/agents/codex.test.ts': 50,
  'services/runner/src/container.test.ts': 50,
  'services/launcher/src/adapters/docker/recycling-crash.test.ts': 45,
  'services/runner/src/run-attempt.test.ts': 45,
  'services/mcp-gateway/src/http.test.ts': 40,
  'services/launcher/src/adapters/docker/crash.test.ts': 35,
  'packages/cli/src/main.test.ts': 35,
};
/** What others take, by project: those outside of the packages start a whole service. */
const USUAL = { unit: 5, whole: 25 };

/** @param {string} file below the checkout @param {string} project @returns {number} seconds, roughly */
const secondsOf = (file, project) => SLOW[file] ?? (project === 'unit' ? USUAL.unit : USUAL.whole);

/**
 * Test files in the order of what they take, the longest first; among equals the order stays.
 *
 * @template {{ readonly file: string, readonly project: string }} T
 * @param {readonly T[]} files
 * @returns {T[]}
 */
export const slowFirst = (files) =>
  files.toSorted((a, b) => secondsOf(b.file, b.project) - secondsOf(a.file, a.project));

/**
 * Starts the files of all projects in one order. A long one that begins last would run alone in the end; vitest's own
 * order goes by the size of the sources.
 */
export default class SlowFirstSequencer extends BaseSequencer {
  /** @override @param {import('vitest/node').TestSpecification[]} specs */
  async sort(specs) {
    const { root } = this.ctx.config;
    const files = (await super.sort(specs)).map((spec) => ({
      spec,
      file: spec.moduleId.slice(root.length + 1),
      project: spec.project.name,
    }));
    return slowFirst(files).map(({ spec }) => spec);
  }
}
