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
};
/** What others take, by project. */
const USUAL = { unit: 5, e2e: 25, agents: 25 };

/** @param {string} file below the checkout @param {string} project @returns {number} seconds, roughly */
export const secondsOf = (file, project) =>
  SLOW[file] ?? (project in USUAL ? USUAL[/** @type {keyof typeof USUAL} */ (project)] : USUAL.unit);

/**
 * Starts the files in the order of what they take, the longest first, over all projects. A long one that begins last
 * would run alone in the end; and vitest's own order goes by the size of the sources, and runs no two projects at once.
 */
export default class SlowFirstSequencer extends BaseSequencer {
  /** @override @param {import('vitest/node').TestSpecification[]} files */
  async sort(files) {
    const { root } = this.ctx.config;
    /** @param {import('vitest/node').TestSpecification} spec */
    const weight = ({ moduleId, project }) => secondsOf(moduleId.slice(root.length + 1), project.name);
    // The sort is stable: among equals it stays as vitest has it, the largest files first.
    return (await super.sort(files)).toSorted((a, b) => weight(b) - weight(a));
  }
}
