import { mkdir, realpath } from 'node:fs/promises';
import type { Logger } from '@roundhouse/host';
import { BoxStorage } from './box-storage.ts';
import { FolderDisks } from './folder-disks.ts';
import { KeptBoxes } from './kept-boxes.ts';
import { type Abilities, findAbilities } from './mount-abilities.ts';
import { StoragePaths } from './slot-paths.ts';

export interface SlotStorageOptions {
  /** Absolute; made where it is not there. Short: slot-paths.ts says why. */
  readonly root: string;
  /** `never`: plain folders and ordinary checkouts, whatever could be mounted. */
  readonly mounts: 'auto' | 'never';
  /** The sandbox's user. The launcher is root or that user. */
  readonly uid: number;
  readonly gid: number;
  readonly log: Logger;
}

/**
 * Opens the storage of slots in `root`, after trying what can be mounted here; `note` says what cannot and how to get it.
 * Boxes that are kept on disks of their own are mounted again. One launcher a root at a time. Throws where the launcher is
 * neither root nor the sandbox's user.
 */
export async function openSlotStorage(options: SlotStorageOptions): Promise<BoxStorage> {
  const { uid, gid, log } = options;
  const own = process.getuid?.() ?? uid;
  if (own !== 0 && own !== uid)
    throw new Error(`the launcher runs as user ${own}: to make folders for sandboxes it must be root or user ${uid}`);
  await mkdir(options.root, { recursive: true, mode: 0o700 });
  const paths = new StoragePaths(await realpath(options.root));
  for (const folder of [paths.slots, paths.gone, paths.kept]) await mkdir(folder, { recursive: true, mode: 0o700 });
  const { mounter, disks, overlays, note } = await abilitiesOf(options, paths);
  if (note !== null) log.warn({ note }, 'not all of the storage can be used here');
  const owner = own === 0 ? { uid, gid } : null;
  const kept = new KeptBoxes(paths, log);
  const used = disks ?? new FolderDisks(owner);
  await kept.reopen(async (slot) => {
    await used.reopen(slot);
    await overlays?.reopen(slot);
  });
  return new BoxStorage({ paths, disks: used, kept, mounter, overlays, owner, note });
}

async function abilitiesOf({ mounts, uid, gid, log }: SlotStorageOptions, paths: StoragePaths): Promise<Abilities> {
  if (mounts === 'auto') return await findAbilities({ paths, owner: { uid, gid }, log });
  const note =
    'Mounts are switched off, so worktrees are ordinary checkouts and nothing holds a sandbox to its disk limit.';
  return { mounter: null, disks: null, overlays: null, note };
}
