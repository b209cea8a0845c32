import { access, readdir, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { moveAtomic } from '@roundhouse/host';
import { SandboxesAwayError, type SlotSpace, type SlotStorage } from '../../ports.ts';
import { deleteTree } from './delete-tree.ts';
import type { Disks } from './disks.ts';
import type { KeptBoxes } from './kept-boxes.ts';
import { mountsWithin, readMounts } from './mount-table.ts';
import type { Mounter } from './mounter.ts';
import { type Owner, makeRenewable, setAside } from './renewable-box.ts';
import { unshareRoot } from './shared-root.ts';
import { type SlotPaths, type StoragePaths, isSlot, slotOfGone } from './slot-paths.ts';
import type { WorktreeOverlays } from './worktree-overlays.ts';

/** Disks are sparse: their limits may add up to more than there is. With less than this free, no slot is begun. */
const MIN_FREE_BYTES = 512 * 1_048_576;

export interface BoxStorageParts {
  readonly paths: StoragePaths;
  readonly disks: Disks;
  readonly kept: KeptBoxes;
  /** Null where nothing can be mounted. */
  readonly mounter: Mounter | null;
  /** Null where overlays do not reach running containers. */
  readonly overlays: WorktreeOverlays | null;
  /** Who runs in the sandboxes; null where the launcher is that user itself. */
  readonly owner: Owner | null;
  readonly note: string | null;
}

/** The SlotStorage port over folders of this host; see slot-paths.ts for what lies where. The folders are all the state. */
export class BoxStorage implements SlotStorage {
  readonly worktrees: 'checkout' | 'overlay';
  readonly note: string | null;
  readonly isDiskHeld: boolean;
  readonly canRenew: boolean;
  readonly #parts: BoxStorageParts;

  constructor(parts: BoxStorageParts) {
    this.#parts = parts;
    this.worktrees = parts.overlays === null ? 'checkout' : 'overlay';
    this.note = parts.note;
    this.isDiskHeld = parts.disks.areHeld;
    this.canRenew = parts.owner !== null;
  }

  async make(slot: string, { diskMb, renewable = false }: SlotSpace): Promise<string> {
    const { paths, disks } = this.#parts;
    await this.#assertRoom();
    const own = paths.slot(slot);
    await disks.make(own, diskMb);
    if (renewable) await makeRenewable(own, this.#owner());
    return own.box;
  }

  async renew(slot: string, { keep, remains }: { readonly keep: readonly string[]; readonly remains: string }) {
    const { paths, disks, overlays } = this.#parts;
    const own = paths.slot(slot);
    await overlays?.clear(own);
    const aside = disks.asideOf(own, paths.goneSlot(remains, 0));
    await setAside(own, aside, { keep, owner: this.#owner() });
    await disks.giveBack(aside, own);
  }

  async reopen(slot: string): Promise<string | null> {
    const own = this.#parts.paths.slot(slot);
    if (!(await exists(own.folder))) return null;
    await this.#open(own);
    return own.box;
  }

  async lay(slot: string, checkout: string): Promise<void> {
    const { overlays, paths } = this.#parts;
    if (overlays === null) throw new Error('worktrees cannot be laid over a checkout here');
    await overlays.lay(paths.slot(slot), checkout);
  }

  async isLaid(slot: string): Promise<boolean> {
    const { overlays, paths } = this.#parts;
    return overlays !== null && (await overlays.isLaid(paths.slot(slot)));
  }

  async slots(): Promise<{ readonly slot: string; readonly isRemoved: boolean }[]> {
    const { paths } = this.#parts;
    const [live, gone] = await Promise.all([readdir(paths.slots), readdir(paths.gone)]);
    const removed = new Set(gone.flatMap((entry) => slotOfGone(entry) ?? []));
    return [
      ...live.filter(isSlot).map((slot) => ({ slot, isRemoved: false })),
      ...[...removed].map((slot) => ({ slot, isRemoved: true })),
    ];
  }

  /** One rename, with what is mounted in it: unmounting writes out what nobody will read again. */
  async remove(slot: string): Promise<void> {
    const { paths } = this.#parts;
    const { folder } = paths.slot(slot);
    // An earlier one of that name may still wait to be deleted. It ends with the first number that is free.
    for (let n = 0; (await moveAtomic(folder, paths.goneSlot(slot, n))) === 'occupied'; n += 1);
  }

  async discard(slot: string): Promise<void> {
    const { paths, mounter } = this.#parts;
    const entries = (await readdir(paths.gone)).filter((entry) => slotOfGone(entry) === slot);
    for (const entry of entries) {
      const folder = join(paths.gone, entry);
      await mounter?.unmountAll(folder);
      await deleteTree(folder);
    }
  }

  keptPath(name: string): string {
    return this.#parts.paths.keptBox(name);
  }

  async keep(slot: string, name: string): Promise<void> {
    const { kept, paths } = this.#parts;
    const own = paths.slot(slot);
    if (!(await exists(own.folder))) return;
    // It is there when this was called before and did not get to its end; then only the rest is left to do.
    if (!(await kept.has(name))) {
      if ((await this.#setAside(own, name)) === 'held') return;
    }
    await this.remove(slot);
    await this.discard(slot);
  }

  async close(): Promise<void> {
    const { disks, mounter, paths } = this.#parts;
    await disks.close();
    if (mounter !== null && (await readdir(paths.slots)).length === 0) await unshareRoot(paths.root, mounter);
  }

  /** `out`: the box is at its kept path, and the slot is not needed any more. `held`: the slot itself was set aside. */
  async #setAside(own: SlotPaths, name: string): Promise<'out' | 'held'> {
    const { kept } = this.#parts;
    const fault = await this.#open(own).then(
      () => null,
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
    if (fault === null && mountsWithin(own.folder, await readMounts()).length === 0) {
      await kept.move(own, name);
      return 'out';
    }
    const why = fault ?? (await kept.copy(own, name));
    if (why === null) return 'out';
    await kept.hold(own, name, why);
    return 'held';
  }

  /** Mounts what a slot had mounted. */
  async #open(own: SlotPaths): Promise<void> {
    await this.#parts.disks.reopen(own);
    await this.#parts.overlays?.reopen(own);
  }

  #owner(): Owner {
    const { owner } = this.#parts;
    if (owner === null) throw new Error('only a launcher that is root can make boxes that are used again');
    return owner;
  }

  async #assertRoom(): Promise<void> {
    const { bavail, bsize } = await statfs(this.#parts.paths.root);
    const freeBytes = bavail * bsize;
    if (freeBytes >= MIN_FREE_BYTES) return;
    const freeMb = Math.floor(freeBytes / 1_048_576);
    throw new SandboxesAwayError(`the disk of ${this.#parts.paths.root} is full: ${freeMb} MiB are left`);
  }
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
