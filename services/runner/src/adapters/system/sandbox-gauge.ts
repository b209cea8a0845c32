import { readFile, statfs, writeFile } from 'node:fs/promises';
import { constants, setPriority } from 'node:os';
import type { DiskSpace } from '../../domain/limits.ts';
import type { Gauge } from '../../ports.ts';

/** Where a container sees its own control group: version 2, version 1. */
const OOM_FILES = ['/sys/fs/cgroup/memory.events', '/sys/fs/cgroup/memory/memory.oom_control'];
/** How much nearer to being killed for want of memory than the runner, of 1,000. */
const EXPOSURE = 500;
const MOST_EXPOSED = 1_000;

/** It has ended already: to reading, to writing, to setPriority (whose one other reason is a right that is not needed). */
const GONE = new Set(['ENOENT', 'ESRCH', 'ERR_SYSTEM_ERROR']);

/** Limits of a container, as seen from within. */
export class SandboxGauge implements Gauge {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async oomKills(): Promise<number | null> {
    for (const file of OOM_FILES) {
      const count = /^oom_kill (\d+)$/m.exec(await readFile(file, 'latin1').catch(() => ''))?.[1];
      if (count !== undefined) return Number(count);
    }
    return null;
  }

  async disk(): Promise<DiskSpace | null> {
    const { bsize, blocks, bavail, files, ffree } = await statfs(this.#folder);
    return { totalBytes: blocks * bsize, freeBytes: bavail * bsize, totalInodes: files, freeInodes: ffree };
  }

  async putBehind(pid: number): Promise<void> {
    try {
      const own = Number(await readFile('/proc/self/oom_score_adj', 'latin1'));
      await writeFile(`/proc/${pid}/oom_score_adj`, String(Math.min(own + EXPOSURE, MOST_EXPOSED)));
      setPriority(pid, constants.priority.PRIORITY_LOW);
    } catch (error) {
      if (!GONE.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  }
}

/** A plain process has no limits of its own: what it would measure is the machine's. */
export const NO_GAUGE: Gauge = {
  oomKills: () => Promise.resolve(null),
  disk: () => Promise.resolve(null),
  putBehind: () => Promise.resolve(),
};
