import { access, mkdir, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { type Logger, moveAtomic } from '@roundhouse/host';
import { useDirectIo } from './direct-io.ts';
import { removeTree } from './delete-tree.ts';
import { BALLAST, BALLAST_BYTES, DISK_OPTIONS } from './disk-format.ts';
import type { Disks } from './disks.ts';
import { mountsWithin, readMounts } from './mount-table.ts';
import type { Mounter } from './mounter.ts';
import { ProgramError, runProgram } from './program.ts';
import type { SlotPaths } from './slot-paths.ts';
import type { DiskTemplates } from './templates.ts';

const COPY_MS = 30_000;
/** It reads what is in use; a host that went down under full disks starts many at once. */
const CHECK_MS = 300_000;
/** About 200,000 files. To make a new sandbox takes less than that. */
const EMPTY_MS = 5_000;
/** e2fsck(8): above this, faults are left. */
const CHECK_REPAIRED = 2;

export interface ImageDiskOptions {
  readonly mounter: Mounter;
  readonly templates: DiskTemplates;
  readonly cp: string;
  readonly e2fsck: string;
  /** Null where it is not installed: then disks are only slower. */
  readonly losetup: string | null;
  /** Null where it is not installed: then a disk that was emptied takes as much of the host's as before. */
  readonly fstrim: string | null;
  readonly log: Logger;
}

/**
 * A disk of its own for each slot: an ext4 in a sparse file, mounted through a loop device. Who fills it is told ENOSPC at
 * its limit, and all of it is deleted by deleting one file.
 */
export class ImageDisks implements Disks {
  readonly areHeld = true;
  readonly #options: ImageDiskOptions;
  readonly #turning = new Set<Promise<void>>();

  constructor(options: ImageDiskOptions) {
    this.#options = options;
  }

  async make(paths: SlotPaths, diskMb: number): Promise<void> {
    // Who makes this folder is the first here, so nothing is mounted yet.
    const isNew = (await mkdir(paths.disk, { recursive: true, mode: 0o700 })) !== undefined;
    if (!isNew && (await isMounted(paths.disk))) return;
    if (!(await exists(paths.image))) await this.#copyTemplate(paths, diskMb);
    await this.#mount(paths);
  }

  async reopen(paths: SlotPaths): Promise<void> {
    if (!(await isMounted(paths.disk))) {
      await this.#repair(paths.image);
      await this.#mount(paths);
    }
    await giveRoom(paths.disk);
  }

  /** What is set aside on a slot's own disk counts against its limit until it is deleted. */
  asideOf(paths: SlotPaths): string {
    return join(paths.disk, 'aside');
  }

  async giveBack(aside: string, { disk }: SlotPaths): Promise<void> {
    const { fstrim, log } = this.#options;
    await removeTree(aside, EMPTY_MS);
    if (!(await exists(join(disk, BALLAST)))) throw new Error('its disk has given its reserve away');
    if (fstrim === null) return;
    // The host's disk too: else it would stay as full as the fullest attempt made it.
    await runProgram(fstrim, [disk], { timeoutMs: EMPTY_MS }).catch((error: unknown) => {
      // Not every file system of a host can make holes in a file.
      log.debug({ disk, err: error }, 'an emptied disk takes as much of the host as before');
    });
  }

  async close(): Promise<void> {
    await Promise.all(this.#turning);
  }

  async #mount(paths: SlotPaths): Promise<void> {
    const { mounter, losetup, log } = this.#options;
    await mounter.image(paths.image, paths.disk, DISK_OPTIONS);
    if (losetup === null) return;
    // Nobody waits for it: it is only quicker with it, and the start of a sandbox does not write much.
    const turning = useDirectIo(paths.disk, losetup)
      .catch((error: unknown) => log.debug({ disk: paths.disk, err: error }, 'no direct I/O for this disk'))
      .finally(() => this.#turning.delete(turning));
    this.#turning.add(turning);
  }

  /** Under another name first: a half copied one is never mounted. */
  async #copyTemplate(paths: SlotPaths, diskMb: number): Promise<void> {
    const { templates, cp } = this.#options;
    const template = await templates.get(diskMb);
    const copying = `${paths.image}.part`;
    await runProgram(cp, ['--sparse=auto', '--reflink=auto', '--', template, copying], { timeoutMs: COPY_MS });
    await moveAtomic(copying, paths.image);
  }

  /** Without a journal, a disk that was not unmounted is checked before it is used again. */
  async #repair(image: string): Promise<void> {
    try {
      await runProgram(this.#options.e2fsck, ['-p', image], { timeoutMs: CHECK_MS });
    } catch (error) {
      if (!(error instanceof ProgramError) || error.exitCode === null) throw error;
      if (error.exitCode <= CHECK_REPAIRED) return;
      this.#options.log.warn({ image, err: error }, 'a disk is damaged; what has lost its place is in its lost+found');
      // What it does not dare by itself it does when told to: work that is mostly there is better than none.
      await runProgram(this.#options.e2fsck, ['-y', image], { timeoutMs: CHECK_MS }).catch((second: unknown) => {
        if (!(second instanceof ProgramError) || (second.exitCode ?? Infinity) > CHECK_REPAIRED) throw second;
      });
    }
  }
}

/** The last bit of a full disk is given to whoever comes to save what is on it. */
async function giveRoom(disk: string): Promise<void> {
  const { bavail, bsize } = await statfs(disk);
  if (bavail * bsize < BALLAST_BYTES) await rm(join(disk, BALLAST), { force: true });
}

const isMounted = async (point: string): Promise<boolean> =>
  mountsWithin(point, await readMounts()).some((mount) => mount.point === point);

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}
