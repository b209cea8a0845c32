import type { Stats } from 'node:fs';
import { chmod, chown, lstat, mkdir, opendir, utimes } from 'node:fs/promises';
import { moveAtomic } from '@roundhouse/host';
import type { SlotPaths } from './slot-paths.ts';

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

const ROOT = 0;
/**
 * The sandbox's user makes what it likes in it, through its group. What it could leave on the folder itself (a mode,
 * lists of rights, attributes with values of its own) is for its owner alone to set, and attributes also for whoever may
 * write, unless the folder is sticky.
 */
const MODE = 0o1770;
/** An attempt leaves a worktree, a home and a few files. More would make a recycling longer than a start. */
const MAX_ENTRIES = 200;
/** A folder of ext4 does not shrink; an empty one takes a block. */
const MAX_FOLDER_BYTES = 65_536;

/** Gives a new box to root, so that its sandbox can write it and yet leave nothing on it that `setAside` would not see. */
export async function makeRenewable({ box }: SlotPaths, { gid }: Owner): Promise<void> {
  await chown(box, ROOT, gid);
  await chmod(box, MODE);
}

/**
 * Moves all that was written in a box and in its worktree's layer to `aside`, a folder of the same file system that is
 * made for it; a running container sees its box empty from then on, but for the sockets in `keep`. Nothing may run in it,
 * and nothing be mounted. What it moves is never opened. Throws where the box is not as it should be, or is not empty then.
 */
export async function setAside(
  { box, upper, work }: SlotPaths,
  aside: string,
  { keep, owner }: { readonly keep: readonly string[]; readonly owner: Owner },
): Promise<void> {
  assertRenewable(await lstat(box));
  await mkdir(aside, { mode: 0o700 });
  await mkdir(`${aside}/box`, { mode: 0o700 });
  for (const name of await namesIn(box)) if (!keep.includes(name.toString())) await move(name, box, `${aside}/box`);
  await moveAtomic(upper, `${aside}/upper`);
  await moveAtomic(work, `${aside}/work`);
  await mkdir(upper, { mode: 0o755 });
  await chown(upper, owner.uid, owner.gid);
  await mkdir(work, { mode: 0o700 });
  for (const name of await namesIn(box)) await assertSocket(`${box}/${name.toString()}`);
  const now = new Date();
  await utimes(box, now, now);
}

function assertRenewable({ uid, mode, size }: Stats): void {
  if (uid !== ROOT || (mode & 0o7777) !== MODE) throw new Error('its box was not made to be used again');
  if (size > MAX_FOLDER_BYTES) throw new Error('there was too much in its box');
}

/** As bytes: a name need not be text. */
async function namesIn(folder: string): Promise<Buffer[]> {
  const names: Buffer[] = [];
  // The types do not know that with this encoding a name is a Buffer.
  for await (const { name } of await opendir(folder, { encoding: 'buffer' as BufferEncoding })) {
    if (names.length === MAX_ENTRIES) throw new Error('there are too many files in its box');
    names.push(name as unknown as Buffer);
  }
  return names;
}

async function move(name: Buffer, from: string, to: string): Promise<void> {
  const path = (folder: string): Buffer => Buffer.concat([Buffer.from(`${folder}/`), name]);
  await moveAtomic(path(from), path(to));
}

async function assertSocket(path: string): Promise<void> {
  if (!(await lstat(path)).isSocket()) throw new Error(`${path} is no socket`);
}
