import { describe, expect, it } from 'vitest';
import { mountOf, mountsWithin, parseMounts } from './mount-table.ts';

const TABLE = `22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard
42 27 254:0 /srv/a\\040b /srv/a\\040b rw,relatime shared:1 - ext4 /dev/vda rw
43 42 7:0 / /srv/a\\040b/x rw,nosuid shared:2 master:1 - ext4 /dev/loop0 rw
44 42 7:1 / /srv/a\\040bc rw - ext4 /dev/loop1 rw
45 43 0:50 / /srv/a\\040b/x/box/worktree rw shared:3 - overlay overlay rw,lowerdir=/l\\072m
`;

describe('mount table', () => {
  const mounts = parseMounts(TABLE);

  it('reads mountinfo: spaces in paths, optional tags, none of them', () => {
    expect(mounts).toHaveLength(6);
    expect(mounts[3]).toEqual({
      id: '43',
      parent: '42',
      device: '7:0',
      root: '/',
      point: '/srv/a b/x',
      isShared: true,
      type: 'ext4',
    });
    expect(mounts[1]?.isShared).toBe(false);
  });

  it('finds the mount that a path lies on, by whole names', () => {
    expect(mountOf('/srv/a b/y', mounts)?.id).toBe('42');
    expect(mountOf('/srv/a b/x', mounts)?.id).toBe('43');
    expect(mountOf('/srv/a bc/x', mounts)?.id).toBe('44');
    expect(mountOf('/srv/other', mounts)?.id).toBe('27');
    expect(mountOf('/proc/1', mounts)?.id).toBe('22');
  });

  it('lists what is mounted in a folder, the last first', () => {
    expect(mountsWithin('/srv/a b', mounts).map(({ id }) => id)).toEqual(['45', '43', '42']);
    expect(mountsWithin('/srv/a b/x/box', mounts).map(({ id }) => id)).toEqual(['45']);
    expect(mountsWithin('/srv/nothing', mounts)).toEqual([]);
  });
});
