import { open, lstat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '@roundhouse/host';
import { makeLoopNodes } from './loop-nodes.ts';
import { mountsWithin, readMounts } from './mount-table.ts';
import { ProgramError, findProgram, runProgram } from './program.ts';

/** A mount of an image first waits for its journal-less file system to be read; all of them are quick. */
const TIMEOUT_MS = 30_000;
/** Together about 0.6 s: the time that an engine takes to let go of a dead container's mounts, many times over. */
const BUSY_PAUSES_MS = [5, 10, 20, 40, 80, 160, 300];

/**
 * `-n`, `-i`, `-c`: no mtab, no mount helpers, and paths as they are given. The last matters: a path that mount(8) resolves
 * first could be another place by the time that it mounts there.
 */
const PLAIN = ['-n', '-i', '-c'];

export interface MountPrograms {
  readonly mount: string;
  readonly umount: string;
  /** Null where it is not installed; only containers need it. */
  readonly mknod: string | null;
}

/** Mounts and unmounts by the system's own programs. Calls for different folders may run at once. */
export class Mounter {
  readonly #programs: MountPrograms;
  readonly #log: Logger;

  constructor(programs: MountPrograms, log: Logger) {
    this.#programs = programs;
    this.#log = log;
  }

  /** Mounts a file that holds an ext4 at `point`. The loop device frees itself when it is unmounted. */
  async image(file: string, point: string, options: string): Promise<void> {
    const args = ['-n', '-i', '-t', 'ext4', '-o', `loop,${options}`, file, point];
    for (;;) {
      try {
        await this.#mount(args);
        return;
      } catch (error) {
        // In a container, a loop device that the kernel has just made may have no node in /dev. It ends because each round
        // needs a device without a node, and makes its node.
        if (!(error instanceof ProgramError) || !(await makeLoopNodes(this.#programs.mknod))) throw error;
      }
    }
  }

  /** Mounts an overlay at the folder itself that `point` is now, whatever is put in its place meanwhile. */
  async overlay(options: string, point: string, owner: { readonly uid: number; readonly gid: number }): Promise<void> {
    const folder = await openFolder(point);
    try {
      await folder.chown(owner.uid, owner.gid);
      const target = `/proc/${process.pid}/fd/${folder.fd}`;
      await this.#mount([...PLAIN, '-t', 'overlay', '-o', options, 'overlay', target]);
    } finally {
      await folder.close();
    }
  }

  /** Mounts `folder` on itself so that what is mounted below it later reaches containers that have a part of it bound. */
  async share(folder: string): Promise<void> {
    await this.#mount([...PLAIN, '--bind', folder, folder]);
    await this.#mount([...PLAIN, '--make-rshared', folder]);
  }

  /**
   * Unmounts all that is mounted at `path` or below it. The kernel refuses while something uses a mount, also through a
   * container's copy of it, and lets nobody wait for the end of that; what is still held after 0.6 s is detached: it is
   * gone from here at once, and its loop device and space are given back when its last user is gone. The caller has
   * ended every process of the sandbox before, so what is left is the kernel tearing down its mount namespace, or a
   * person's shell; neither may hold up the end of a task.
   */
  async unmountAll(path: string): Promise<void> {
    const held = await this.#unmountFree(path);
    if (held.length === 0) return;
    this.#log.warn({ held }, 'something still uses a mount of an ended sandbox; it is detached');
    await this.#umount(['-l', ...held]);
  }

  /** The same under a sandbox that goes on: throws where something of it still uses a mount after 0.6 s. */
  async unmountFree(path: string): Promise<void> {
    const held = await this.#unmountFree(path);
    if (held.length > 0) throw new Error(`something still uses ${held.join(', ')}`);
  }

  /** Answers what is still held. */
  async #unmountFree(path: string): Promise<string[]> {
    for (const pauseMs of BUSY_PAUSES_MS) {
      const points = await pointsWithin(path);
      if (points.length === 0) return [];
      try {
        await this.#umount(points);
        return [];
      } catch (error) {
        // Killed, or not even started, is another matter than refused.
        if (!(error instanceof ProgramError) || error.exitCode === null) throw error;
        await delay(pauseMs);
      }
    }
    return await pointsWithin(path);
  }

  async #mount(args: readonly string[]): Promise<void> {
    await runProgram(this.#programs.mount, args, { timeoutMs: TIMEOUT_MS });
  }

  async #umount(args: readonly string[]): Promise<void> {
    await runProgram(this.#programs.umount, ['-n', '-i', '-c', ...args], { timeoutMs: TIMEOUT_MS });
  }
}

export async function findMountPrograms(): Promise<MountPrograms | { readonly missing: string }> {
  const [mount, umount, mknod] = await Promise.all([findProgram('mount'), findProgram('umount'), findProgram('mknod')]);
  if (mount === null) return { missing: 'mount' };
  if (umount === null) return { missing: 'umount' };
  return { mount, umount, mknod };
}

const pointsWithin = async (path: string): Promise<string[]> =>
  mountsWithin(path, await readMounts()).map(({ point }) => point);

/**
 * Opens a folder that lies where a sandbox may write. A link in its place is refused: through it, root would mount wherever
 * the sandbox likes. The slash and dot make the kernel refuse a pipe instead of waiting for its other end.
 */
async function openFolder(path: string): Promise<Awaited<ReturnType<typeof open>>> {
  const handle = await open(`${path}/.`, 'r');
  try {
    const [opened, there] = await Promise.all([handle.stat(), lstat(path)]);
    // Looked at by its own name it is the folder that was opened, so no link was followed to it.
    if (!there.isDirectory() || there.ino !== opened.ino || there.dev !== opened.dev)
      throw new Error(`${path} is no folder`);
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}
