import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { sandboxName } from '@roundhouse/contracts';
import { moveAtomic } from '@roundhouse/host';
import type { AttemptRef } from '../../ports.ts';
import { deleteFolder } from './delete-folder.ts';

const GONE = '.gone-';
const KEPT = 'kept';
const NAME = /^run-([0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12})-([1-9]\d{0,6})$/;

/**
 * Where sandboxes lie: `run-<task>-<attempt>` is one, `.gone-run-…` is one that only waits to be deleted, and `kept/` has
 * those whose work could not be archived.
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

  async make(): Promise<void> {
    await mkdir(this.#root, { recursive: true, mode: 0o700 });
  }

  async list(): Promise<(AttemptRef & { readonly isGone: boolean })[]> {
    return (await readdir(this.#root)).flatMap((entry) => {
      const isGone = entry.startsWith(GONE);
      const fields = NAME.exec(isGone ? entry.slice(GONE.length) : entry);
      return fields === null ? [] : [{ taskId: fields[1] as string, attempt: Number(fields[2]), isGone }];
    });
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
