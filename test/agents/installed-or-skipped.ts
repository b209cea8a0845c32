import type { InstalledProgram } from './install-program.ts';

/** What was installed, or null with one line that says why its tests are skipped. In CI nothing is: there it is an error. */
export async function installedOrSkipped(
  installing: Promise<InstalledProgram>,
  say: (words: string) => void = (words) => void process.stderr.write(`agents: ${words}\n`),
  strict = process.env['CI'] === 'true',
): Promise<InstalledProgram | null> {
  try {
    return await installing;
  } catch (error) {
    if (strict) throw error;
    say(`skipped: ${(error as Error).message.replaceAll(/\s+/g, ' ').slice(0, 300)}`);
    return null;
  }
}
