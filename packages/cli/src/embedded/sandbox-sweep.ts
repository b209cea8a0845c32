import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { endProcessTree } from '@roundhouse/host';

/**
 * Ends whatever still runs in the sandboxes of a folder: what is left when the launcher itself was ended the hard way.
 * The folders stay, the next start archives their work.
 * @returns the pids that could not be ended
 */
export async function sweepSandboxes(folder: string, options: { readonly graceMs: number }): Promise<number[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const left = await Promise.all(
    names
      .filter((name) => name.startsWith('run-'))
      .map((name) =>
        endProcessTree({ mark: name, folder: join(folder, name) }, { graceMs: options.graceMs, killMs: 3_000 }),
      ),
  );
  return left.flatMap((result) => result.left);
}
