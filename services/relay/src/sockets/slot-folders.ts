import { type FSWatcher, watch } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { SlotName } from '@roundhouse/contracts';
import type { Logger } from '../logger.ts';
import type { OpenDoor } from './door.ts';

export interface SlotFoldersOptions {
  readonly folder: string;
  /** Opens the doors of one slot in its folder. */
  readonly open: (folder: string, slot: string) => Promise<OpenDoor>;
  /** Whether a relay that was started after this one has taken over; from then on no door is opened here. */
  readonly isSucceeded: () => Promise<boolean>;
  readonly log: Logger;
}

interface Opened {
  readonly inode: number;
  readonly doors: OpenDoor;
}

/**
 * Keeps the doors open of each slot that has a folder, and of no other. The folders are the truth: an event only says
 * that it is time to look, so either side may start again at any time. What is not called like a slot is left alone.
 */
export class SlotFolders {
  readonly #options: SlotFoldersOptions;
  readonly #open = new Map<string, Opened>();
  readonly #watcher: FSWatcher;
  /** The names that events spoke of since the last look: a folder that is there may be another one by now. */
  #touched = new Set<string>();
  #isDue = false;
  #looking: Promise<void> | null = null;
  #isClosed = false;

  private constructor(options: SlotFoldersOptions) {
    this.#options = options;
    this.#watcher = watch(options.folder);
    this.#watcher.on('change', (_, name) => {
      this.#touched.add(String(name));
      void this.#look();
    });
    this.#watcher.on('error', (error) => options.log.error({ err: error }, 'the folder of the doors is not watched'));
  }

  /** Resolves when the doors are open of all slots that are there. */
  static async keep(options: SlotFoldersOptions): Promise<SlotFolders> {
    const kept = new SlotFolders(options);
    await kept.#look();
    return kept;
  }

  /** Closes all; connections may end by themselves for so long, milliseconds. */
  async close(drainMs: number): Promise<void> {
    this.#isClosed = true;
    this.#watcher.close();
    await this.#looking;
    const all = [...this.#open.values()];
    this.#open.clear();
    await Promise.all(all.map(({ doors }) => doors.close(drainMs)));
  }

  /** One look at a time; what an event says during one is seen by the next. */
  #look(): Promise<void> {
    this.#isDue = true;
    this.#looking ??= this.#lookOnce().finally(() => (this.#looking = null));
    return this.#looking;
  }

  async #lookOnce(): Promise<void> {
    const { folder, isSucceeded, log } = this.#options;
    while (this.#isDue && !this.#isClosed) {
      this.#isDue = false;
      const touched = this.#touched;
      this.#touched = new Set();
      try {
        const there = await slotsIn(folder);
        const open = [...this.#open.keys()];
        await Promise.all(open.map((slot) => this.#closeGone(slot, there.has(slot), touched.has(slot))));
        if (await isSucceeded()) continue;
        const missing = [...there].filter((slot) => !this.#open.has(slot));
        await Promise.all(missing.map((slot) => this.#openOne(slot)));
      } catch (error) {
        log.error({ err: error }, 'the folder of the doors could not be read');
      }
    }
  }

  async #closeGone(slot: string, isThere: boolean, isTouched: boolean): Promise<void> {
    const opened = this.#open.get(slot);
    if (opened === undefined || (isThere && !isTouched)) return;
    const path = join(this.#options.folder, slot);
    if (isThere && (await inodeOf(path)) === opened.inode) return;
    this.#open.delete(slot);
    await opened.doors.close(0);
  }

  async #openOne(slot: string): Promise<void> {
    const path = join(this.#options.folder, slot);
    try {
      const inode = await inodeOf(path);
      if (inode === null) return;
      this.#open.set(slot, { inode, doors: await this.#options.open(path, slot) });
    } catch (error) {
      // Gone meanwhile, which an event says too; anything else is tried again when something changes in the folder.
      if ((await inodeOf(path)) === null) return;
      this.#options.log.error({ err: error, slot }, 'the doors of a slot could not be opened');
    }
  }
}

async function slotsIn(folder: string): Promise<Set<string>> {
  const entries = await readdir(folder, { withFileTypes: true });
  const slots = entries.filter((entry) => entry.isDirectory() && SlotName.safeParse(entry.name).success);
  return new Set(slots.map(({ name }) => name));
}

const inodeOf = async (path: string): Promise<number | null> =>
  await lstat(path).then(
    ({ ino }) => ino,
    () => null,
  );
