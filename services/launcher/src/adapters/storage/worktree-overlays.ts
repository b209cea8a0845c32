import { lstat, mkdir, readdir, readlink, rm, symlink } from 'node:fs/promises';
import { moveAtomic } from '@roundhouse/host';
import type { Mounter } from './mounter.ts';
import type { SlotPaths } from './slot-paths.ts';

/**
 * `redirect_dir`: without it nobody can rename a folder of the checkout (EXDEV). The danger that the kernel's documentation
 * names, an upper layer made by somebody else, is none here: a sandbox sees the merged folder alone and cannot set the
 * attributes that the layers are joined by. `metacopy`, `index`: off, since what they would save is not worth layers that
 * cannot be read without each other. `xino=auto`: one device number for all files, as in an ordinary folder; git's record
 * of a file's inode still holds (it keeps 32 bits, the layer stands in the bits above).
 */
const OPTIONS = 'redirect_dir=on,metacopy=off,index=off,xino=auto,nosuid,nodev,noatime';

/** What would be read as part of an option: mount(8) and the kernel take each of these for their own. */
export const hasOptionCharacters = (path: string): boolean => /[,:\\"'\s]/.test(path);

/** Worktrees that are mounted over a prepared checkout: laid in the time of one mount, whatever its size. */
export class WorktreeOverlays {
  readonly #mounter: Mounter;
  readonly #owner: { readonly uid: number; readonly gid: number };

  constructor(mounter: Mounter, owner: { readonly uid: number; readonly gid: number }) {
    this.#mounter = mounter;
    this.#owner = owner;
  }

  /**
   * Lays a slot's worktree over `checkout`. The link to it is there first: from then on the checkout is in use. One that is
   * laid already costs next to nothing, so it can be done ahead where the checkout can be guessed; a wrong guess that
   * nothing was written over is replaced. Else another checkout is refused: what was written fits no other.
   */
  async lay(paths: SlotPaths, checkout: string): Promise<void> {
    if (hasOptionCharacters(checkout)) throw new RangeError(`a worktree cannot be laid over ${checkout}`);
    if (!(await link(checkout, paths.checkout))) {
      const there = await readlink(paths.checkout);
      if (there !== checkout) await this.#replace(paths, there, checkout);
      else if (await this.isLaid(paths)) return;
    }
    try {
      await this.#mount(paths, checkout);
    } catch (error) {
      // A runner makes its own worktree now; the link would have it hidden under a mount at the next reopening.
      await rm(paths.checkout);
      throw error;
    }
  }

  /** Lays it again after a restart of the host, where there was one. Throws where there is work that it cannot show. */
  async reopen(paths: SlotPaths): Promise<void> {
    const checkout = await checkoutOf(paths);
    if (checkout !== null) {
      if (!(await this.isLaid(paths))) await this.#mount(paths, checkout);
    } else if ((await readdir(paths.upper)).length > 0) {
      // A link that the host lost when it went down. A box without its worktree would look like one without work.
      throw new Error(`it is not known which checkout the work in ${paths.upper} was laid over`);
    }
  }

  /** Takes a worktree away from a sandbox that goes on. Throws where something of it still uses it. */
  async clear(paths: SlotPaths): Promise<void> {
    await this.#mounter.unmountFree(paths.worktree);
    await rm(paths.checkout, { force: true });
  }

  /** An overlay is a device of its own; that is quicker to see than to read the table of all mounts. */
  async isLaid({ box, worktree }: SlotPaths): Promise<boolean> {
    const [outside, inside] = await Promise.all([
      lstat(box),
      lstat(worktree).catch((error: unknown) => {
        unless('ENOENT')(error);
        return null;
      }),
    ]);
    return inside !== null && inside.dev !== outside.dev;
  }

  async #mount({ worktree, upper, work }: SlotPaths, checkout: string): Promise<void> {
    await mkdir(worktree, { mode: 0o700 }).catch(unless('EEXIST'));
    const layers = `lowerdir=${checkout},upperdir=${upper},workdir=${work}`;
    await this.#mounter.overlay(`${layers},${OPTIONS}`, worktree, this.#owner);
  }

  /** Takes the worktree down and points the link elsewhere, in one step each, so that one of the two is always true. */
  async #replace(paths: SlotPaths, there: string, checkout: string): Promise<void> {
    if ((await readdir(paths.upper)).length > 0) throw new Error(`the worktree has work over ${there} in it`);
    await this.#mounter.unmountAll(paths.worktree);
    const replacing = `${paths.checkout}.new`;
    await rm(replacing, { force: true });
    await symlink(checkout, replacing);
    await moveAtomic(replacing, paths.checkout);
  }
}

/** The prepared checkout that a slot's worktree lies over, or null where it has none. */
export async function checkoutOf({ checkout }: SlotPaths): Promise<string | null> {
  try {
    return await readlink(checkout);
  } catch (error) {
    unless('ENOENT')(error);
    return null;
  }
}

/** False where there is one already. A link is written in one step and synced with nothing: this is on the hot path. */
async function link(target: string, path: string): Promise<boolean> {
  try {
    await symlink(target, path);
    return true;
  } catch (error) {
    unless('EEXIST')(error);
    return false;
  }
}

const unless =
  (code: string) =>
  (error: unknown): void => {
    if ((error as NodeJS.ErrnoException).code !== code) throw error;
  };
