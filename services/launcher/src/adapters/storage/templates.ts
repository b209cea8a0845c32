import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, mkdtemp, readdir, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { moveAtomic, writeFileAtomic } from '@roundhouse/host';
import { BALLAST, BALLAST_BYTES, imageBytes, mkfsArguments } from './disk-format.ts';
import { runProgram } from './program.ts';

/** Making one reads and writes a few MB, whatever its size. */
const MKFS_MS = 60_000;
/** A template is about 2 MB on disk; sizes are whatever tasks ask for. */
const KEPT_TEMPLATES = 16;

export interface TemplateOptions {
  readonly folder: string;
  readonly mkfs: string;
  readonly uid: number;
  readonly gid: number;
}

/** Formatted, empty disks, one a size: copying a sparse file is quicker than formatting one. */
export class DiskTemplates {
  readonly #options: TemplateOptions;
  readonly #making = new Map<number, Promise<void>>();

  constructor(options: TemplateOptions) {
    this.#options = options;
  }

  /** The path of the template for `diskMb`, made at its first use; callers at once share one making. */
  async get(diskMb: number): Promise<string> {
    const { folder, uid, gid } = this.#options;
    const path = join(folder, `${diskMb}-${uid}-${gid}.img`);
    // Its times say when it was last used.
    const now = new Date();
    const isThere = await utimes(path, now, now).then(
      () => true,
      () => false,
    );
    if (isThere) return path;
    const making = this.#making.get(diskMb) ?? this.#make(diskMb, path).finally(() => this.#making.delete(diskMb));
    this.#making.set(diskMb, making);
    await making;
    return path;
  }

  async #make(diskMb: number, path: string): Promise<void> {
    await mkdir(this.#options.folder, { recursive: true, mode: 0o700 });
    await this.#format(diskMb, path);
    await this.#deleteOld(path);
  }

  async #format(diskMb: number, path: string): Promise<void> {
    const { folder, mkfs, uid, gid } = this.#options;
    const making = await mkdtemp(join(folder, '.making-'));
    try {
      const content = join(making, 'content');
      await mkdir(content, { mode: 0o755 });
      await makeFolder(join(content, 'box'), 0o700, { uid, gid });
      await makeFolder(join(content, 'upper'), 0o755, { uid, gid });
      await makeFolder(join(content, 'work'), 0o700, null);
      // Random: the copying of zeros leaves holes, and holes hold no space back.
      await writeFileAtomic(join(content, BALLAST), randomBytes(BALLAST_BYTES), { mode: 0o600 });
      const image = join(making, 'disk.img');
      await runProgram(mkfs, mkfsArguments({ image, content, bytes: imageBytes(diskMb) }), { timeoutMs: MKFS_MS });
      await moveAtomic(image, path);
    } finally {
      await rm(making, { recursive: true, force: true });
    }
  }

  /** Those used least lately, and what a crash left half made. */
  async #deleteOld(current: string): Promise<void> {
    const { folder } = this.#options;
    const entries = await readdir(folder);
    if (entries.length <= KEPT_TEMPLATES) return;
    const aged = await Promise.all(
      entries.map(async (entry) => {
        const path = join(folder, entry);
        return {
          path,
          usedMs: await stat(path).then(
            ({ mtimeMs }) => mtimeMs,
            () => Infinity,
          ),
        };
      }),
    );
    aged.sort((one, other) => other.usedMs - one.usedMs);
    for (const { path, usedMs } of aged.slice(KEPT_TEMPLATES)) {
      if (path !== current && usedMs !== Infinity) await rm(path, { recursive: true, force: true });
    }
  }
}

async function makeFolder(path: string, mode: number, owner: { uid: number; gid: number } | null): Promise<void> {
  await mkdir(path);
  await chmod(path, mode);
  if (owner !== null) await chown(path, owner.uid, owner.gid);
}
