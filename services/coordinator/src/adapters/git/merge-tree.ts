import type { ConflictFile } from '@roundhouse/contracts';

export interface MergedTree {
  readonly tree: string;
  /** Empty where the merge is clean. */
  readonly conflicts: ConflictFile[];
}

/**
 * Reads `git merge-tree --write-tree -z --messages` (git-merge-tree(1), OUTPUT): the tree, the conflicted files, an empty field, then
 * messages of the form `<count> <path>… <type> <text>`. Only types that begin with "CONFLICT" are conflicts.
 */
export function parseMergeTree(output: string): MergedTree {
  const fields = output.split('\0');
  const tree = fields[0] ?? '';
  const conflicted = new Set<string>();
  let index = 1;
  for (; index < fields.length && fields[index] !== ''; index += 1) {
    const path = fields[index]?.split('\t')[1];
    if (path !== undefined) conflicted.add(path);
  }
  const kinds = new Map<string, string>();
  index += 1;
  while (index < fields.length) {
    const count = Number(fields[index]);
    if (!Number.isInteger(count) || count < 1) break;
    const paths = fields.slice(index + 1, index + 1 + count);
    const type = fields[index + 1 + count] ?? '';
    const kind = /^CONFLICT \((.+)\)$/.exec(type)?.[1];
    if (kind !== undefined) for (const path of paths) kinds.set(path, kind);
    index += count + 3;
  }
  const paths = conflicted.size > 0 ? [...conflicted] : [...kinds.keys()];
  return { tree, conflicts: paths.map((path) => ({ path, kind: kinds.get(path) ?? 'contents' })) };
}
