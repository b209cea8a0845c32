import { type InstalledProgram, installProgram } from './install-program.ts';
import type { ProgramName } from './programs.ts';

/** The program, or null with one line that says why its tests are skipped. In CI nothing is skipped: there it is an error. */
export async function installedOrSkipped(name: ProgramName): Promise<InstalledProgram | null> {
  try {
    return await installProgram(name);
  } catch (error) {
    if (process.env['CI'] === 'true') throw error;
    process.stderr.write(`agents: skipped: ${(error as Error).message.replaceAll(/\s*\n\s*/g, ' ').slice(0, 300)}\n`);
    return null;
  }
}
