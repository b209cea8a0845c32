export interface WorktreeStatus {
  /** Null where HEAD has no commit. */
  readonly commit: string | null;
  /** Tracked files that differ from the commit, staged or not, or are in conflict. */
  readonly dirty: string[];
  readonly untracked: string[];
}

/** How many path characters of a line precede the path, in fields: git-status(1), "Porcelain Format Version 2". */
const FIELDS_BEFORE_PATH = { '1': 8, '2': 9, u: 10 } as const;

/** Reads `git status --porcelain=v2 --branch -z`. */
export function readStatus(output: string): WorktreeStatus {
  let commit: string | null = null;
  const dirty: string[] = [];
  const untracked: string[] = [];
  const records = output.split('\0');
  for (let index = 0; index < records.length; index += 1) {
    const record = records[index] ?? '';
    const kind = record[0];
    if (record.startsWith('# branch.oid ')) commit = oidOf(record.slice('# branch.oid '.length));
    else if (kind === '1' || kind === '2' || kind === 'u') {
      dirty.push(record.split(' ').slice(FIELDS_BEFORE_PATH[kind]).join(' '));
      // A rename has its old path in a record of its own.
      if (kind === '2') index += 1;
    } else if (kind === '?') untracked.push(record.slice(2));
  }
  return { commit, dirty, untracked };
}

const oidOf = (text: string): string | null => (/^[0-9a-f]{40,64}$/.test(text) ? text : null);
