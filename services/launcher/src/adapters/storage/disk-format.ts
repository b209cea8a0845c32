/** What a slot's disk is: an ext4 in a sparse file. All numbers of it are here. */

const MIB = 1_048_576;
const BLOCK_BYTES = 4_096;
const INODE_BYTES = 256;
/** One inode for so many bytes: worktrees and package folders are many small files. */
const BYTES_AN_INODE = 8_192;
const GROUP_BYTES = 128 * MIB;
/** Two bitmaps and a descriptor a group, rounded up. */
const GROUP_OVERHEAD_BYTES = 3 * BLOCK_BYTES;
/** The kernel itself holds back 2 % for its own needs, at most this. */
const KERNEL_RESERVE_BYTES = 4_096 * BLOCK_BYTES;
const KERNEL_RESERVE_SHARE = 0.02;
/** Superblocks, the first folders. */
const FIXED_BYTES = MIB;

/**
 * A file beside the box that takes the disk's last bit until it is deleted. Reserved blocks (mkfs -m) do not do it: what
 * is written through an overlay is written with the mounter's rights, root's, who may use them.
 */
export const BALLAST = 'ballast';
export const BALLAST_BYTES = MIB;

/** The size of a file whose ext4 leaves `diskMb` for its user, to about 1 %. */
export function imageBytes(diskMb: number): number {
  const wanted = diskMb * MIB + BALLAST_BYTES + FIXED_BYTES;
  const share = INODE_BYTES / BYTES_AN_INODE + GROUP_OVERHEAD_BYTES / GROUP_BYTES;
  const bySharedReserve = wanted / (1 - share - KERNEL_RESERVE_SHARE);
  const byFullReserve = (wanted + KERNEL_RESERVE_BYTES) / (1 - share);
  return Math.ceil(Math.min(bySharedReserve, byFullReserve) / MIB) * MIB;
}

/** Spelt out, so that the host's mke2fs.conf decides nothing. No journal: a slot does not outlive its attempt. */
const FEATURES = [
  'none',
  'ext_attr',
  'dir_index',
  'filetype',
  'extent',
  'flex_bg',
  'sparse_super',
  'large_file',
  'huge_file',
  'uninit_bg',
  'dir_nlink',
  'extra_isize',
];

/** Arguments of mkfs.ext4 for an image of so many bytes with the content of a folder in it. */
export function mkfsArguments({ image, content, bytes }: { image: string; content: string; bytes: number }): string[] {
  const sizes = ['-b', String(BLOCK_BYTES), '-I', String(INODE_BYTES), '-i', String(BYTES_AN_INODE), '-m', '0'];
  const features = ['-O', FEATURES.join(','), '-E', 'lazy_itable_init=1,nodiscard'];
  return ['-q', '-F', '-t', 'ext4', ...sizes, ...features, '-d', content, image, `${bytes / 1_024}k`];
}

/**
 * `nobarrier`: a sandbox's fsync does not make the host's disk flush, which Redis and the hub share; what must outlive the
 * host is pushed to the hub. `noinit_itable`: the kernel would write out the whole of a sparse file's inode tables.
 */
export const DISK_OPTIONS = 'nosuid,nodev,noatime,nobarrier,noinit_itable,errors=remount-ro';
