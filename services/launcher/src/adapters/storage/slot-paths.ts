import { join } from 'node:path';

/** Room for a sandbox's name, and nothing that a path or an option of mount(8) could take for its own. */
const SLOT = /^[a-z0-9][a-z0-9-]{0,63}$/;
const GONE = /^([a-z0-9][a-z0-9-]{0,63})-\d+$/;

/**
 * Where everything of the storage lies:
 *
 *     slots/<slot>/disk.img        the slot's space, where it has a disk of its own, mounted at
 *     slots/<slot>/disk/           else a plain folder
 *     slots/<slot>/disk/box/       all that a sandbox sees
 *     slots/<slot>/disk/{upper,work}/   what its worktree writes
 *     slots/<slot>/checkout        a link to the prepared checkout under its worktree
 *     gone/<slot>-<n>/             removed, to be deleted
 *     kept/<name>/                 boxes that were set aside
 *     kept/.slots/<name>/          slots whose box could not be copied out; kept/<name> is a link into it
 *     checkouts/<project>/<commit>/worktree/
 *     templates/                   formatted, empty disks
 *
 * Sockets in a box are dialled by their path from outside, and such a path holds 107 bytes: `<root>/slots/<slot>/disk/box/`
 * and a name such as hand-over.sock. With a sandbox's name as slot (42 bytes) that leaves 34 for the root.
 */
export class StoragePaths {
  readonly root: string;
  readonly slots: string;
  readonly gone: string;
  readonly kept: string;
  readonly keptSlots: string;
  readonly checkouts: string;
  readonly templates: string;

  /** `root` is absolute and without links. */
  constructor(root: string) {
    this.root = root;
    this.slots = join(root, 'slots');
    this.gone = join(root, 'gone');
    this.kept = join(root, 'kept');
    this.keptSlots = join(this.kept, '.slots');
    this.checkouts = join(root, 'checkouts');
    this.templates = join(root, 'templates');
  }

  slot(slot: string): SlotPaths {
    return slotPaths(join(this.slots, checked(slot)));
  }

  /** The n-th place to move a slot away to. */
  goneSlot(slot: string, n: number): string {
    return join(this.gone, `${checked(slot)}-${n}`);
  }

  keptBox(name: string): string {
    return join(this.kept, checked(name));
  }

  keptSlot(name: string): SlotPaths {
    return slotPaths(join(this.keptSlots, checked(name)));
  }
}

export interface SlotPaths {
  readonly folder: string;
  readonly image: string;
  readonly disk: string;
  readonly box: string;
  readonly worktree: string;
  readonly upper: string;
  readonly work: string;
  readonly checkout: string;
}

export function slotPaths(folder: string): SlotPaths {
  const disk = join(folder, 'disk');
  const box = join(disk, 'box');
  return {
    folder,
    image: join(folder, 'disk.img'),
    disk,
    box,
    worktree: join(box, 'worktree'),
    upper: join(disk, 'upper'),
    work: join(disk, 'work'),
    checkout: join(folder, 'checkout'),
  };
}

/** The slot of a folder in `gone`, or null where it is none of ours. */
export const slotOfGone = (entry: string): string | null => GONE.exec(entry)?.[1] ?? null;

export const isSlot = (name: string): boolean => SLOT.test(name);

function checked(name: string): string {
  if (!isSlot(name)) throw new RangeError(`"${name}" cannot be the name of a slot`);
  return name;
}
