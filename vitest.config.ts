import { defineConfig } from 'vitest/config';
import ClosingLineReporter from './scripts/testing/closing-line-reporter.mjs';
import SlowFirstSequencer from './scripts/testing/slow-first.mjs';

/** One more than the cores of a small machine: who waits for a service, an engine or a registry leaves room for another. */
const AT_ONCE = 3;
/** What every project has, so that files of all of them run side by side, in one order. */
const together = {
  maxWorkers: AT_ONCE,
  server: {
    // What is built is loaded as it is in production, and not read and transformed again for every file.
    deps: { external: [/\/(?:packages|services)\/[^/]+\/dist\//] },
  },
};

export default defineConfig({
  test: {
    pool: 'forks',
    reporters: ['default', new ClosingLineReporter()],
    globalSetup: './scripts/testing/fresh-programs.mjs',
    sequence: { sequencer: SlowFirstSequencer },
    // Vitest's own second is short for a machine that has other things to do; what works waits for none of it.
    expect: { poll: { timeout: 20_000 } },
    projects: [
      {
        extends: true,
        test: {
          ...together,
          name: 'unit',
          include: ['packages/*/src/**/*.test.ts', 'services/*/src/**/*.test.ts', 'scripts/**/*.test.mjs'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          ...together,
          name: 'e2e',
          include: ['test/**/*.test.ts'],
          exclude: ['test/agents/**'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        extends: true,
        test: {
          ...together,
          name: 'agents',
          // The real programs. All of them are some 490 MB to fetch: `npm run test:agents` runs them all, every run two.
          include: [
            `test/agents/${process.env['ROUNDHOUSE_TEST_AGENTS'] === 'all' ? '*' : '{claude,codex,install-program}'}.test.ts`,
          ],
          testTimeout: 300_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
