import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { sandboxName } from '@roundhouse/contracts';
import { moveAtomic } from '@roundhouse/host';
import type { AttemptRef } from '../../ports.ts';
import { deleteFolder } from './delete-folder.ts';

const GONE = '.gone-';
const KEPT = 'kept';
const WARM = 'warm-';
const ID = '([0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12})';
const NAME = new RegExp(`^run-${ID}-([1-9]\\d{0,6})$`);
const WARM_NAME = new RegExp(`^${WARM}${ID}$`);

/**
 * Where sandboxes lie: `run-<task>-<attempt>` is one, `warm-<id>` is one that has no attempt yet, `.gone-…` is one that
 * only waits to be deleted, and `kept/` has those whose work could not be archived.
 */
export class SandboxFolders {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  of({ taskId, attempt }: AttemptRef): string {
    return join(this.#root, sandboxName(taskId, attempt));
  }

  keptPath({ taskId, attempt }: AttemptRef): string {
    return join(this.#root, KEPT, sandboxName(taskId, attempt));
  }

  ofWarm(warmId: string): string {
    return join(this.#root, WARM + warmId);
  }

  async make(): Promise<void> {
    await mkdir(this.#root, { recursive: true, mode: 0o700 });
  }

  async list(): Promise<(AttemptRef & { readonly isGone: boolean })[]> {
    const entries = await readdir(this.#root);
    return entries.flatMap((entry) => {
      const isGone = entry.startsWith(GONE);
      const fields = NAME.exec(isGone ? entry.slice(GONE.length) : entry);
      // Where a part of it is out of the way already, what counts is what is left.
      if (fields === null || (isGone && entries.includes(fields[0]))) return [];
      return [{ taskId: fields[1] as string, attempt: Number(fields[2]), isGone }];
    });
  }

  async listWarm(): Promise<{ readonly warmId: string; readonly isGone: boolean }[]> {
    return (await readdir(this.#root)).flatMap((entry) => {
      const isGone = entry.startsWith(GONE);
      const fields = WARM_NAME.exec(isGone ? entry.slice(GONE.length) : entry);
      return fields === null ? [] : [{ warmId: fields[1] as string, isGone }];
    });
  }

  /** From now on the folder is the attempt's; in one step, so that whoever looks sees the one or the other. */
  async assign(warmId: string, ref: AttemptRef): Promise<'moved' | 'absent' | 'occupied'> {
    return await moveAtomic(this.ofWarm(warmId), this.of(ref));
  }

  /** Answers where the folder is now, or null where it was no warm one any more. */
  async moveWarmAway(warmId: string): Promise<string | null> {
    const gone = this.goneWarm(warmId);
    return (await moveAtomic(this.ofWarm(warmId), gone)) === 'moved' ? gone : null;
  }

  goneWarm(warmId: string): string {
    return join(this.#root, GONE + WARM + warmId);
  }

  /**
   * Makes the folder of an attempt that is over a warm one, with nothing in it but `keep`; the rest is where `moveAway`
   * would put it. The folder stays the same one, so a process that works in it goes on.
   */
  async recycle(ref: AttemptRef, warmId: string, keep: readonly string[]): Promise<void> {
    const folder = this.of(ref);
    await deleteFolder(this.#gone(ref));
    await mkdir(this.#gone(ref), { mode: 0o700 });
    for (const entry of await readdir(folder)) {
      if (!keep.includes(entry)) await moveAtomic(join(folder, entry), join(this.#gone(ref), entry));
    }
    await moveAtomic(folder, this.ofWarm(warmId));
  }

  /** One rename, however much is in it. Deleting, which is as dear as making, is for later. */
  async moveAway(ref: AttemptRef): Promise<void> {
    if ((await moveAtomic(this.of(ref), this.#gone(ref))) !== 'occupied') return;
    // An earlier one of that name is still to be deleted.
    await deleteFolder(this.#gone(ref));
    await moveAtomic(this.of(ref), this.#gone(ref));
  }

  async deleteMoved(ref: AttemptRef): Promise<void> {
    await deleteFolder(this.#gone(ref));
  }

  async keep(ref: AttemptRef): Promise<void> {
    await mkdir(join(this.#root, KEPT), { recursive: true, mode: 0o700 });
    await moveAtomic(this.of(ref), this.keptPath(ref));
  }

  #gone({ taskId, attempt }: AttemptRef): string {
    return join(this.#root, GONE + sandboxName(taskId, attempt));
  }
}
