import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Lays an overlay at `target` over a read-only lower folder; its upper layer lies in `scratch`. */
export async function mountOverlay(lower: string, scratch: string, target: string): Promise<void> {
  const [upper, work] = [join(scratch, 'upper'), join(scratch, 'work')];
  for (const folder of [upper, work, target]) await mkdir(folder, { recursive: true });
  await run('mount', ['-t', 'overlay', 'overlay', '-o', `lowerdir=${lower},upperdir=${upper},workdir=${work}`, target]);
}

/** Nothing is mounted there afterwards, also where nothing was. */
export async function unmount(target: string): Promise<void> {
  await run('umount', [target]).catch((error: Error) => {
    if (!/not mounted|no mount point/.test(error.message)) throw error;
  });
}

/** Why overlays cannot be mounted here, or null where they can. */
export async function whyNoOverlay(): Promise<string | null> {
  const folder = await mkdtemp(join(tmpdir(), 'rh-overlay-'));
  try {
    await mkdir(join(folder, 'lower'));
    await mountOverlay(join(folder, 'lower'), folder, join(folder, 'target'));
    await unmount(join(folder, 'target'));
    return null;
  } catch (error) {
    return (error instanceof Error ? error.message : String(error)).split('\n').at(-2) ?? 'mount failed';
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
