import { resolve } from 'node:path';
import type { CliConfig } from '../config.ts';
import type { DataPaths } from '../data-folder.ts';
import { EXIT, Failure } from '../failure.ts';
import { checkoutOf } from '../git.ts';
import { currentEntry, readState } from '../state-files.ts';
import { ensureSampleRepository } from './sample-repository.ts';

/**
 * Which repository to work on: the one that is named; else the checkout that the caller stands in; else the one of the
 * last start; else a generated sample.
 * @throws Failure where the named one is no git checkout with a commit
 */
export async function chooseRepository(
  named: string | undefined,
  parts: { readonly paths: DataPaths; readonly config: CliConfig; readonly cwd: string; readonly signal: AbortSignal },
): Promise<{ path: string; generated: boolean }> {
  const { paths, config, cwd, signal } = parts;
  const environment = config.inherited;
  if (named !== undefined) {
    const path = await checkoutOf({ cwd: resolve(cwd, named), environment, signal });
    if (path !== null) return { path, generated: false };
    const hint = 'Name a folder of a git repository in which something is committed.';
    throw new Failure(`${resolve(cwd, named)} is no git checkout with a commit`, { hint, exitCode: EXIT.usage });
  }
  const here = await checkoutOf({ cwd, environment, signal });
  if (here !== null) return { path: here, generated: false };
  const last = currentEntry(await readState(paths));
  if (last !== undefined && last.repository !== paths.sample) return { path: last.repository, generated: false };
  return { path: await ensureSampleRepository(paths.sample, environment, signal), generated: true };
}
