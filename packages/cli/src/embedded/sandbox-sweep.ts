import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { endProcessTree } from '@roundhouse/host';
import { sweepContainers } from './container-sweep.ts';

/**
 * Ends whatever still runs in the sandboxes of a folder: what is left when the launcher itself was ended the hard way.
 * The folders stay, the next start archives their work.
 * @param options.socket of the Docker engine where the sandboxes are containers, else null
 * @returns what could not be ended, in words
 */
export async function sweepSandboxes(
  folder: string,
  options: { readonly graceMs: number; readonly socket: string | null },
): Promise<string[]> {
  if (options.socket !== null) return sweepContainers(options.socket, folder);
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const left = await Promise.all(
    names
      .filter((name) => /^(?:run|warm)-/.test(name))
      .map((name) =>
        endProcessTree({ mark: name, folder: join(folder, name) }, { graceMs: options.graceMs, killMs: 3_000 }),
      ),
  );
  return left.flatMap((result) => result.left).map((pid) => `process ${pid}`);
}
