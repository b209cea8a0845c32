import { randomBytes } from 'node:crypto';
import { lstat, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/**
 * Writes a whole file so that a reader, or a crash at any moment, sees the old text or the new one and nothing between.
 * The temporary file lies in the same folder (a rename does not cross file systems); file and folder are synced. The
 * mode is exact whatever the umask; the mode of an existing file is kept. With `durable: false` nothing is synced: for files
 * that are of no use after the host went down. A symbolic link at `path` is replaced, not
 * followed: who can plant a link must not choose the file that gets a secret.
 */
export async function writeFileAtomic(
  path: string,
  data: string | Uint8Array,
  options: { readonly mode: number; readonly durable?: boolean },
): Promise<void> {
  const { durable = true } = options;
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.${randomBytes(8).toString('hex')}.tmp`);
  const mode = (await modeOf(path)) ?? options.mode;
  try {
    // Nobody else may read it before it has its mode, so it is made as narrow as it can be.
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(data);
      await file.chmod(mode);
      if (durable) await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  if (durable) await syncFolder(folder);
}

/**
 * Renames a file or folder within one file system, which is one step for everybody who looks. `absent` where there is
 * nothing to rename, `occupied` where `to` is a folder with something in it; a file in its place is replaced. A name that
 * somebody else chose may be no text: then it is bytes.
 */
export async function moveAtomic(from: string | Buffer, to: string | Buffer): Promise<'moved' | 'absent' | 'occupied'> {
  try {
    await rename(from, to);
    return 'moved';
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return 'absent';
    if (code === 'ENOTEMPTY' || code === 'EEXIST') return 'occupied';
    throw error;
  }
}

async function modeOf(path: string): Promise<number | null> {
  try {
    const found = await lstat(path);
    return found.isFile() ? found.mode & 0o7777 : null;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** A rename is on disk only when its folder is. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
