import { describe } from 'vitest';

/**
 * A suite that needs what not every machine has. Where it is missing, one line says what is skipped and why; in CI it
 * must be there: nothing is skipped, and the tests fail.
 */
export function describeUnless(missing: string | null, name: string, suite: () => void): void {
  if (missing === null || process.env['CI'] === 'true') return void describe(name, suite);
  process.stderr.write(`skipped: ${name}: ${missing}\n`);
  describe.skip(name, suite);
}
