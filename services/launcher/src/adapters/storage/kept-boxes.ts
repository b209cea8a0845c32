import { access, mkdir, readdir, readlink, symlink } from 'node:fs/promises';
import type { Logger } from '@roundhouse/host';
import { moveAtomic } from '@roundhouse/host';
import { copyBox } from './copy-box.ts';
import { type SlotPaths, type StoragePaths, isSlot } from './slot-paths.ts';

/** Boxes that were set aside for a person, because the work in them is nowhere else. */
export class KeptBoxes {
  readonly #paths: StoragePaths;
  readonly #log: Logger;

  constructor(paths: StoragePaths, log: Logger) {
    this.#paths = paths;
    this.#log = log;
  }

  /** Whether a box is kept under that name. */
  async has(name: string): Promise<boolean> {
    return await access(this.#paths.keptBox(name)).then(
      () => true,
      () => false,
    );
  }

  /** A box that is a plain folder: moved. */
  async move(from: SlotPaths, name: string): Promise<void> {
    await mkdir(this.#paths.kept, { recursive: true, mode: 0o700 });
    await moveAtomic(from.box, this.#paths.keptBox(name));
  }

  /** A box on mounts: copied out. Null when it is there, else why it is not. */
  copy(from: SlotPaths, name: string): Promise<string | null> {
    return copyBox(from.box, this.#paths.keptBox(name));
  }

  /** What cannot be copied out: the slot is set aside with its mounts, which are there while the launcher runs. */
  async hold(from: SlotPaths, name: string, why: string): Promise<void> {
    await mkdir(this.#paths.keptSlots, { recursive: true, mode: 0o700 });
    const to = this.#paths.keptSlot(name);
    if ((await moveAtomic(from.folder, to.folder)) === 'occupied') throw new Error(`${to.folder} is taken`);
    await this.#point(name);
    const kept = this.#paths.keptBox(name);
    this.#log.warn({ kept, why }, 'a kept box is left on its own disk, which the launcher mounts at each start');
  }

  /** Makes those that are held readable again after a restart of the host or a crash. */
  async reopen(open: (paths: SlotPaths) => Promise<void>): Promise<void> {
    const names = await readdir(this.#paths.keptSlots).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    });
    for (const name of names.filter(isSlot)) {
      try {
        await open(this.#paths.keptSlot(name));
        await this.#point(name);
      } catch (error) {
        this.#log.error({ name, err: error }, 'a kept box cannot be mounted; its disk is left as it is');
      }
    }
  }

  async #point(name: string): Promise<void> {
    const link = this.#paths.keptBox(name);
    const target = this.#paths.keptSlot(name).box;
    if ((await readlink(link).catch(() => null)) !== target) await symlink(target, link);
  }
}
