import { chmod, chown, mkdir } from 'node:fs/promises';
import type { Disks } from './disks.ts';
import type { SlotPaths } from './slot-paths.ts';

/** Plain folders, for where nothing can be mounted: nothing holds a sandbox to its disk limit. */
export class FolderDisks implements Disks {
  readonly areHeld = false;
  readonly #owner: { readonly uid: number; readonly gid: number } | null;

  /** `owner`: null where the launcher is that user itself. */
  constructor(owner: { readonly uid: number; readonly gid: number } | null) {
    this.#owner = owner;
  }

  async make(paths: SlotPaths): Promise<void> {
    await mkdir(paths.disk, { recursive: true, mode: 0o700 });
    await this.#folder(paths.box, 0o700);
    await this.#folder(paths.upper, 0o755);
    await mkdir(paths.work, { recursive: true, mode: 0o700 });
  }

  async reopen(): Promise<void> {
    // A folder survives everything that the slot's own does.
  }

  /** Where removed slots lie: nothing counts against a limit, so it may be deleted as late as those are. */
  asideOf(_paths: SlotPaths, gone: string): string {
    return gone;
  }

  async giveBack(): Promise<void> {
    // It is out of the slot already.
  }

  async close(): Promise<void> {
    // Nothing is left to wait for.
  }

  async #folder(path: string, mode: number): Promise<void> {
    await mkdir(path, { recursive: true, mode });
    await chmod(path, mode);
    if (this.#owner !== null) await chown(path, this.#owner.uid, this.#owner.gid);
  }
}
