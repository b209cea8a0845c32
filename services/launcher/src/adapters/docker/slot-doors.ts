import { chmod, chown, lstat, mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DOORS, LAST_DOOR, SlotName } from '@roundhouse/contracts';
import { moveAtomic } from '@roundhouse/host';
import { connectWhenThere } from '../../handlers/socket-when-there.ts';
import { SandboxesAwayError } from '../../ports.ts';

/** How long the relay may take to open a slot's doors. It takes some milliseconds; one that starts again takes a second. */
const OPENED_MS = 5_000;
const BEING_MADE = '.new-';
const BEING_REMOVED = '.removed-';
/** The relay may be placing a socket in a folder that goes; it does so once. */
const RM = { recursive: true, force: true, maxRetries: 5, retryDelay: 10 } as const;

/**
 * The folders in which the relay opens the doors of each slot: `<folder>/<slot>/`, and nothing of another slot in it. It is
 * all that a sandbox sees of the doors. They belong to whoever the folder of them all belongs to, the relay's user, who
 * is nobody in a sandbox; the relay opens doors in those that it finds, and closes those of the ones that go.
 */
export class SlotDoors {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async open(folder: string): Promise<SlotDoors> {
    await mkdir(folder, { recursive: true, mode: 0o755 });
    return new SlotDoors(folder);
  }

  pathOf(slot: string): string {
    return join(this.folder, slot);
  }

  /** Makes a slot's folder; twice is fine, one after the other. It appears whole: an event about it is never too early. */
  async make(slot: string): Promise<void> {
    const path = this.pathOf(slot);
    if (await isFolder(path)) return;
    const half = join(this.folder, `${BEING_MADE}${slot}`);
    await mkdir(half, { recursive: true });
    await chmod(half, 0o755);
    const { uid, gid } = await stat(this.folder);
    if (process.getuid?.() === 0 && uid !== 0) await chown(half, uid, gid);
    await moveAtomic(half, path);
  }

  /**
   * Resolves when the relay answers at the doors of a slot whose folder is there. Throws the signal's reason, and
   * SandboxesAwayError where it has not within 5 s.
   */
  async opened(slot: string, signal?: AbortSignal): Promise<void> {
    const path = join(this.pathOf(slot), DOORS[LAST_DOOR].socket);
    const late = AbortSignal.timeout(OPENED_MS);
    try {
      const bound = signal === undefined ? late : AbortSignal.any([signal, late]);
      (await connectWhenThere(path, bound, { refused: 'replaced' })).destroy();
    } catch (error) {
      signal?.throwIfAborted();
      if (!late.aborted) throw error;
      throw new SandboxesAwayError(`the relay has not opened its door ${path} within ${OPENED_MS} ms`, {
        cause: error,
      });
    }
  }

  /** At once: the relay ends what is open through a folder that is gone. Twice is fine. */
  async remove(slot: string): Promise<void> {
    const gone = join(this.folder, `${BEING_REMOVED}${slot}`);
    if ((await moveAtomic(this.pathOf(slot), gone)) === 'occupied') {
      // An earlier one of that name was being removed when its launcher was killed.
      await rm(gone, RM);
      await moveAtomic(this.pathOf(slot), gone);
    }
    await rm(gone, RM);
  }

  /** Removes what no handle speaks of, and what was being removed. */
  async sweep(isKnown: (slot: string) => boolean): Promise<void> {
    const names = await readdir(this.folder);
    const slots = names.map((name) => (name.startsWith(BEING_REMOVED) ? name.slice(BEING_REMOVED.length) : name));
    const stray = new Set(slots.filter((slot) => SlotName.safeParse(slot).success && !isKnown(slot)));
    await Promise.all([...stray].map((slot) => this.remove(slot)));
  }

  /** Removes what a launcher that was killed has left half made. Only while none is being made. */
  async forgetHalfMade(): Promise<void> {
    const half = (await readdir(this.folder)).filter((name) => name.startsWith(BEING_MADE));
    await Promise.all(half.map((name) => rm(join(this.folder, name), RM)));
  }
}

async function isFolder(path: string): Promise<boolean> {
  return await lstat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
