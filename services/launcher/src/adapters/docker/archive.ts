import { Gate } from '../../handlers/gate.ts';
import type { ArchiveOrder, ArchiveOutcome } from '../../ports.ts';
import { newConfigFile, writeConfig } from './box-file.ts';
import type { DockerBase } from './docker-parts.ts';
import { archiveName } from './names.ts';
import type { OneShots } from './one-shot.ts';
import { archiveConfig, readsConfig } from './runner-config.ts';

/** Each is a container that starts, hashes a worktree and pushes. */
const ARCHIVES = 4;
/** How much it may use beyond what the attempt might: a limit that ended the attempt must not end its archive too. */
const MIN_MEMORY_MB = 1_024;
const MIN_PIDS = 128;

/** Saves the work of attempts that are over: a runner in archive mode, in a new container over the same slot. */
export class Archives {
  readonly #oneShots: OneShots;
  readonly #boundMs: number;
  readonly #gate = new Gate(ARCHIVES);

  constructor(oneShots: OneShots, boundMs: number) {
    this.#oneShots = oneShots;
    this.#boundMs = boundMs;
  }

  async archive(order: ArchiveOrder, parts: DockerBase, signal: AbortSignal): Promise<ArchiveOutcome> {
    const leave = await this.#gate.enter(signal);
    try {
      return await this.#archiveNow(order, parts, signal);
    } finally {
      leave();
    }
  }

  async #archiveNow(order: ArchiveOrder, parts: DockerBase, signal: AbortSignal): Promise<ArchiveOutcome> {
    const { handles, storage, user } = parts;
    const handle = handles.ofAttempt(order);
    const box = handle === undefined ? null : await storage.reopen(handle.slot);
    if (handle === undefined || box === null) return { outcome: 'failed', reason: 'there is nothing of it here' };
    const { slot, image, limits, hubObjects } = handle;
    const file = newConfigFile();
    await writeConfig(box, file, archiveConfig(order), user);
    const boundMs = this.#boundMs;
    const plan = {
      kind: 'archive' as const,
      name: archiveName(order),
      slot,
      image,
      limits: {
        ...limits,
        memoryMb: Math.max(limits.memoryMb, MIN_MEMORY_MB),
        pids: Math.max(limits.pids, MIN_PIDS),
      },
      argv: readsConfig(file),
      box,
      seesMounts: false,
      isDiskHeld: storage.isDiskHeld,
      hubObjects,
      doorsOf: slot,
      boundMs,
    };
    const end = await this.#oneShots.run(plan, parts, signal);
    if (end.exitCode === 0) return { outcome: 'archived' };
    if (end.exitCode === null) {
      return { outcome: 'failed', reason: `the runner that was to archive it did not end within ${boundMs} ms` };
    }
    const words = end.words === '' ? '' : `: ${end.words.slice(-500)}`;
    return { outcome: 'failed', reason: `the runner that was to archive it ended with ${end.exitCode}${words}` };
  }
}
