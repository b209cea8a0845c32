import { describe, expect, it } from 'vitest';
import { readStatus } from './status.ts';

describe('git’s status', () => {
  it('R-11: is read with blanks, renames, conflicts and untracked files', () => {
    const oid = 'a'.repeat(40);
    const output = [
      `# branch.oid ${oid}`,
      '# branch.head main',
      `1 .M N... 100644 100644 100644 ${oid} ${oid} a file.txt`,
      `2 R. N... 100644 100644 100644 ${oid} ${oid} R100 new name`,
      'old name',
      `u UU N... 100644 100644 100644 100644 ${oid} ${oid} ${oid} both`,
      '? not there/',
      '',
    ].join('\0');
    expect(readStatus(output)).toEqual({
      commit: oid,
      dirty: ['a file.txt', 'new name', 'both'],
      untracked: ['not there/'],
    });
    expect(readStatus('# branch.oid (initial)\0').commit).toBeNull();
  });
});
