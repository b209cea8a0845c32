import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '@roundhouse/host';
import { deleteTree } from './delete-tree.ts';
import type { Disks } from './disks.ts';
import { FolderDisks } from './folder-disks.ts';
import { ImageDisks } from './image-disks.ts';
import { Mounter, findMountPrograms } from './mounter.ts';
import { findProgram } from './program.ts';
import { shareRoot } from './shared-root.ts';
import { type StoragePaths, slotPaths } from './slot-paths.ts';
import { DiskTemplates } from './templates.ts';
import { WorktreeOverlays, hasOptionCharacters } from './worktree-overlays.ts';

export interface Abilities {
  /** Null where nothing can be mounted. */
  readonly mounter: Mounter | null;
  /** Disks of their own; null where they cannot be made. */
  readonly disks: Disks | null;
  readonly overlays: WorktreeOverlays | null;
  readonly note: string | null;
}

interface Search {
  readonly paths: StoragePaths;
  readonly owner: { readonly uid: number; readonly gid: number };
  readonly log: Logger;
}

/** The smallest limit that there is: what is tried is what is done later. */
const TRIED_MB = 64;

/** What a container lacks that the host's root has. */
const RIGHTS = 'the launcher needs the capability SYS_ADMIN and, where there is AppArmor, apparmor=unconfined';
const DEVICES = 'in a container, loop devices need the device rules “b 7:* rmw” and “c 10:237 rmw”';

/** Finds out by trying. What does not work is said in the note, with how to get it. */
export async function findAbilities({ paths, owner, log }: Search): Promise<Abilities> {
  const nothing = (why: string): Abilities => ({
    mounter: null,
    disks: null,
    overlays: null,
    note: `Worktrees are ordinary checkouts and nothing holds a sandbox to its disk limit, because ${why}.`,
  });
  if (process.platform !== 'linux') return nothing('only Linux has the mounts that this takes');
  if (process.getuid?.() !== 0)
    return nothing(`the launcher runs as user ${process.getuid?.()}, and only root may mount`);
  if (hasOptionCharacters(paths.root))
    return nothing(`the path ${paths.root} has a character that ends an option of mount`);
  const programs = await findMountPrograms();
  if ('missing' in programs) return nothing(`${programs.missing} is not installed (Debian: the package mount)`);
  const mounter = new Mounter(programs, log);
  const probe = join(paths.root, '.probe');
  try {
    await mounter.unmountAll(probe);
    await deleteTree(probe);
    const unshared = await shareRoot(paths.root, mounter);
    if (unshared !== null) return nothing(unshared);
    return await tryAll(probe, { paths, owner, log, mounter });
  } catch (error) {
    return nothing(`mounting is refused (${wordsOf(error)}): ${RIGHTS}`);
  } finally {
    await mounter.unmountAll(probe).catch(() => undefined);
    await deleteTree(probe);
  }
}

async function tryAll(
  probe: string,
  { paths, owner, log, mounter }: Search & { readonly mounter: Mounter },
): Promise<Abilities> {
  const slot = slotPaths(join(probe, 'slot'));
  const made = await imageDisks(paths, owner, mounter, log);
  const noDisks = 'why' in made ? made.why : await tried(() => made.disks.make(slot, TRIED_MB));
  const disks = 'why' in made || noDisks !== null ? null : made.disks;
  if (disks === null) {
    await mounter.unmountAll(slot.folder);
    await deleteTree(slot.folder);
    await new FolderDisks(owner).make(slot);
  }
  const overlays = new WorktreeOverlays(mounter, owner);
  const checkout = join(probe, 'checkout');
  await mkdir(checkout);
  const noOverlays = await tried(() => overlays.lay(slot, checkout));
  const notes = [
    ...(noDisks === null
      ? []
      : [
          `nothing holds a sandbox to its disk limit, because a disk of its own cannot be made (${noDisks}; ${DEVICES})`,
        ]),
    ...(noOverlays === null
      ? []
      : [`worktrees are ordinary checkouts, because an overlay cannot be mounted (${noOverlays}; ${RIGHTS})`]),
  ];
  const note = notes.length === 0 ? null : `${notes.join('; ')}.`.replace(/^./, (letter) => letter.toUpperCase());
  return { mounter, disks, overlays: noOverlays === null ? overlays : null, note };
}

async function imageDisks(
  { templates }: StoragePaths,
  { uid, gid }: Search['owner'],
  mounter: Mounter,
  log: Logger,
): Promise<{ readonly disks: Disks } | { readonly why: string }> {
  const [mkfs, e2fsck, cp, losetup, fstrim] = await Promise.all([
    findProgram('mkfs.ext4'),
    findProgram('e2fsck'),
    findProgram('cp'),
    findProgram('losetup'),
    findProgram('fstrim'),
  ]);
  if (mkfs === null || e2fsck === null)
    return { why: 'mkfs.ext4 or e2fsck is not installed (Debian: the package e2fsprogs)' };
  if (cp === null) return { why: 'cp is not installed' };
  const disks = new ImageDisks({
    mounter,
    templates: new DiskTemplates({ folder: templates, mkfs, uid, gid }),
    cp,
    e2fsck,
    losetup,
    fstrim,
    log,
  });
  return { disks };
}

const tried = async (attempt: () => Promise<void>): Promise<string | null> => await attempt().then(() => null, wordsOf);

const wordsOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).replace(/\.?\s*(dmesg\(1\) may have .*)?$/, '');
