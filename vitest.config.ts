import { defineConfig } from 'vitest/config';
import ClosingLineReporter from './scripts/testing/closing-line-reporter.mjs';

export default defineConfig({
  test: {
    pool: 'forks',
    reporters: ['default', new ClosingLineReporter()],
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['packages/*/src/**/*.test.ts', 'services/*/src/**/*.test.ts', 'scripts/**/*.test.mjs'],
          maxWorkers: 2,
          testTimeout: 30_000,
          hookTimeout: 30_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['test/**/*.test.ts'],
          exclude: ['test/agents/**'],
          // Each file starts the whole service and measures it: two at once would measure each other.
          maxWorkers: 1,
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'agents',
          // The real programs. All of them are some 420 MB to fetch: `npm run test:agents` runs them all, every run two.
          include: [
            `test/agents/${process.env['ROUNDHOUSE_TEST_AGENTS'] === 'all' ? '*' : '{claude,codex,install-program}'}.test.ts`,
          ],
          // Each has a service of its own, and waits for its program most of the time.
          maxWorkers: 2,
          testTimeout: 300_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
