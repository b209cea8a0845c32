import { readlink } from 'node:fs/promises';
import type { Mounter } from './mounter.ts';
import { type Mount, mountOf, mountsWithin, readMounts } from './mount-table.ts';

/**
 * Sees to it that mounts made below `root` reach running containers. Answers null, or why they do not, in words that end
 * the sentence "… because".
 */
export async function shareRoot(root: string, mounter: Mounter): Promise<string | null> {
  const mounts = await readMounts();
  if (mountOf(root, mounts)?.isShared === true) return null;
  if (isContainer(mounts))
    return `${root} is not shared with the host (bind it into the launcher’s container with propagation rshared, from a host folder that lies on a shared mount)`;
  if (!(await isHostNamespace()))
    return `the launcher has a mount namespace of its own (a service unit with PrivateTmp or PrivateMounts has one) that does not share ${root} with the host`;
  await mounter.share(root);
  return null;
}

/** Undoes it. Only where nothing is left that would have to be reached: what is mounted anew has no old peers. */
export async function unshareRoot(root: string, mounter: Mounter): Promise<void> {
  const mounts = await readMounts();
  const own = mounts.find((mount) => mount.point === root);
  if (own === undefined || !isOnItself(own, mounts) || isContainer(mounts)) return;
  if (mountsWithin(root, mounts).length > 1) return;
  await mounter.unmountAll(root);
}

/** A folder bound on itself, as `shareRoot` does it, and no mount that somebody put there. */
function isOnItself(own: Mount, mounts: readonly Mount[]): boolean {
  const below = mounts.find(({ id }) => id === own.parent);
  if (below === undefined || below.device !== own.device) return false;
  const within = below.point === '/' ? own.point : own.point.slice(below.point.length);
  return own.root === (below.root === '/' ? within : below.root + within);
}

/** Engines bind these files into each container; on a host they are files of its own. */
const ENGINE_FILES = new Set(['/etc/hostname', '/etc/hosts', '/etc/resolv.conf']);

const isContainer = (mounts: readonly Mount[]): boolean => mounts.some(({ point }) => ENGINE_FILES.has(point));

/** Who may not look counts as in the host's: then the engine's own answer tells. */
async function isHostNamespace(): Promise<boolean> {
  const [own, host] = await Promise.all([readlink('/proc/self/ns/mnt'), readlink('/proc/1/ns/mnt').catch(() => null)]);
  return host === null || host === own;
}
