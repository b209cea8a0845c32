/** A file system as statfs(2) tells of it. Inodes are 0 in all where it makes them as needed. */
export interface DiskSpace {
  readonly totalBytes: number;
  readonly freeBytes: number;
  readonly totalInodes: number;
  readonly freeInodes: number;
}

const MIB = 1024 * 1024;
const LEAST_FREE_BYTES = 4 * MIB;
/** A hundredth of a large disk is still room to work in. */
const MOST_FREE_BYTES = 64 * MIB;

/** Why a disk counts as full, in one sentence for a person; null where there is room. */
export function fullDisk({ totalBytes, freeBytes, totalInodes, freeInodes }: DiskSpace): string | null {
  const needed = Math.min(Math.max(totalBytes / 100, LEAST_FREE_BYTES), MOST_FREE_BYTES);
  if (freeBytes < needed) {
    return `the sandbox's disk is full: ${mib(freeBytes)} of ${mib(totalBytes)} MiB are free`;
  }
  if (totalInodes > 0 && freeInodes === 0) {
    return `the sandbox's disk is full: it holds ${totalInodes} files and folders, which is all that it can`;
  }
  return null;
}

const mib = (bytes: number): number => Math.floor(bytes / MIB);

/**
 * Why an agent's end counts as running out of memory; null where it does not. A process that was killed for want of memory
 * is not the end of an agent that got over it: an exit with 0 is its own.
 */
export function outOfMemory(
  kills: { readonly before: number | null; readonly after: number | null },
  exit: { readonly code: number | null; readonly signal: string | null },
): string | null {
  const { before, after } = kills;
  if (before === null || after === null || after <= before || exit.code === 0) return null;
  const how = exit.signal === null ? `ended with code ${exit.code}` : `was ended by ${exit.signal}`;
  return `the sandbox ran out of memory: ${after - before} of its processes were killed for it, and the agent ${how}`;
}
