import { readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Gauge } from '../../ports.ts';
import { others } from './isolated-tree.ts';
import { processSettings } from './process-settings.ts';

/** Beside the folder for temporary files: shared memory with POSIX semaphores, and POSIX message queues. */
const SHARED = ['/dev/shm', '/dev/mqueue'];
/** System V's, a line of headings and one for each: nothing in Node can remove them. */
const SYSTEM_V = ['msg', 'sem', 'shm'].map((kind) => `/proc/sysvipc/${kind}`);
const INIT = 1;

/**
 * What an attempt may leave in a sandbox of its own, outside of its folder. Looked at before the first attempt, and
 * cleared and looked at again after each.
 */
export class IsolatedRemains {
  readonly #temporary: string;
  readonly #gauge: Gauge;
  #settings: string | null = null;
  #kills: number | null = null;

  constructor(temporary: string, gauge: Gauge) {
    this.#temporary = temporary;
    this.#gauge = gauge;
  }

  /** While nothing but the runner has run yet. */
  async begin(): Promise<void> {
    this.#settings = await this.#settingsNow();
    this.#kills = await this.#gauge.oomKills();
  }

  /**
   * Clears what can be. Answers what is left all the same, for a person, or null where all is as it was. Throws where
   * something cannot be removed. Only after the attempt's processes were ended.
   */
  async clear(): Promise<string | null> {
    const processes = await others();
    if (processes.length > 0) return `processes ${processes.join(', ')} are left`;
    if ((await this.#gauge.oomKills()) !== this.#kills) return 'a process was killed for want of memory';
    if ((await this.#settingsNow()) !== this.#settings) return 'the settings of its runner or its init were changed';
    for (const file of SYSTEM_V) if ((await linesOf(file)) > 1) return `${file} lists something`;
    for (const folder of [this.#temporary, ...SHARED]) await empty(folder);
    return null;
  }

  #settingsNow(): Promise<string | null> {
    return processSettings([...new Set([INIT, process.pid])]);
  }
}

/** A kernel without System V has no such file, and nothing in it. */
async function linesOf(file: string): Promise<number> {
  const text = await readFile(file, 'latin1').catch(ifAbsent(''));
  return text.split('\n').filter((line) => line !== '').length;
}

async function empty(folder: string): Promise<void> {
  const names = await readdir(folder).catch(ifAbsent<string[]>([]));
  await Promise.all(names.map((name) => rm(join(folder, name), { recursive: true, force: true })));
  // A name that is no text is not found by it.
  const left = await readdir(folder).catch(ifAbsent<string[]>([]));
  if (left.length > 0) throw new Error(`${left.length} of the files in ${folder} could not be removed`);
}

const ifAbsent =
  <T>(nothing: T) =>
  (error: unknown): T => {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return nothing;
  };
