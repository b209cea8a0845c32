import { stat } from 'node:fs/promises';
import { join } from 'node:path';

const FILTER = 'roundhouse-instructions';

/** What lies beside a worktree whose agent is told by a file in it. */
export const filterFilesIn = (folder: string) => ({
  program: join(folder, 'strip-instructions.sh'),
  attributes: join(folder, 'instructions.gitattributes'),
  state: join(folder, 'instructions-in-tree.json'),
});

/** Every path has the filter, unless the repository names another one for it. */
export const ATTRIBUTES = `* filter=${FILTER}\n`;

/**
 * The configuration that has git run the filter. Its attributes are those of the lowest precedence: the repository's own
 * filters (LFS and the like) stay in force.
 */
export function filterConfig(folder: string, given = '%f'): readonly (readonly [string, string])[] {
  const { program, attributes } = filterFilesIn(folder);
  return [
    ['core.attributesFile', attributes],
    [`filter.${FILTER}.clean`, `sh ${shellQuoted(program)} ${given}`],
    [`filter.${FILTER}.required`, 'true'],
  ];
}

/**
 * The same for one command that saves all that there is, whatever the agent has made of its repository's configuration. It
 * refuses no file: git would take none of the others either. Nothing where there is no filter.
 */
export async function filterOptions(folder: string): Promise<string[]> {
  const there = await stat(filterFilesIn(folder).program).catch(() => null);
  return there === null ? [] : filterConfig(folder, '%f all').map(([key, value]) => `${key}=${value}`);
}

const shellQuoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
