import { randomUUID } from 'node:crypto';
import type { ChildProcess } from 'node:child_process';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type LimitKind, type SandboxProfile, sandboxName } from '@roundhouse/contracts';
import { endProcessTree } from '@roundhouse/host';
import { Gate } from '../../handlers/gate.ts';
import type {
  ArchiveOrder,
  ArchiveOutcome,
  AttemptRef,
  Readiness,
  SandboxView,
  Sandboxes,
  StartOrder,
  WarmOrder,
  WarmView,
} from '../../ports.ts';
import { attemptConfig, refuseImage } from './attempt-config.ts';
import { runArchive } from './archive-run.ts';
import { END, END_AT_ONCE, endSandbox, windDownSandbox } from './end-process.ts';
import { hasTaken, isAlive, livePid, markTaken, readHandle } from './handle.ts';
import type { RunnerProgram } from './runner-process.ts';
import { SandboxFolders } from './sandbox-folders.ts';
import { startAttempt } from './start-process.ts';
import { type WarmProcess, WarmProcesses } from './warm-processes.ts';

export interface ProcessSandboxOptions {
  /** Where the folders of the sandboxes lie. */
  readonly root: string;
  readonly coordinatorUrl: string;
  readonly mcpUrl: string;
  readonly runner: RunnerProgram;
  /** Whether runners that were started warm are used again. */
  readonly recycle?: boolean;
  /** How long an archive run may take. */
  readonly archiveMs?: number;
}

const ARCHIVE_MS = 60_000;
/** How long a warm runner may take until the coordinator has welcomed it; longer, and a cold start is the better bet. */
const TAKEN_MS = 5_000;
/** Each is a process that starts, hashes a worktree and pushes. */
const ARCHIVES = 4;

/**
 * Sandboxes that are plain processes of this user, for agents that are trusted: they keep runs apart, they hold nobody in.
 * The port's words (../../ports.ts) say what each call promises. The folder and the handle in it are all the state.
 */
export class ProcessSandboxes implements Sandboxes {
  readonly #options: ProcessSandboxOptions;
  readonly #folders: SandboxFolders;
  readonly #warm: WarmProcesses;
  /** Those that were warm and may be again, by the name of their sandbox. */
  readonly #reusable = new Map<string, { readonly warm: WarmProcess; readonly unwatch: () => void }>();
  readonly #archives = new Gate(ARCHIVES);
  readonly #exitListeners: ((ref: AttemptRef, how: number | string) => void)[] = [];
  readonly #idleListeners: ((ref: AttemptRef) => void)[] = [];

  constructor(options: ProcessSandboxOptions) {
    this.#options = options;
    this.#folders = new SandboxFolders(options.root);
    this.#warm = new WarmProcesses(this.#folders, options.runner);
  }

  async recover(): Promise<SandboxView[]> {
    await this.#folders.make();
    await this.#warm.recover();
    return await this.list();
  }

  async list(): Promise<SandboxView[]> {
    const found = await this.#folders.list();
    return await Promise.all(
      found.map(async ({ taskId, attempt, isGone }): Promise<SandboxView> => {
        if (isGone) return { taskId, attempt, state: 'removed' };
        const pid = await livePid(this.#folders.of({ taskId, attempt }));
        return { taskId, attempt, state: pid === null ? 'stopped' : 'running' };
      }),
    );
  }

  async start(order: StartOrder): Promise<void> {
    const { taskId, attempt, image } = order;
    refuseImage(image);
    const folder = this.#folders.of(order);
    const before = await readHandle(folder);
    if (before !== null && (await hasTaken(folder, before)) && (await isAlive(before))) return;
    await this.#clear(order);
    await mkdir(folder, { mode: 0o700 });
    await startAttempt(this.#configOf(order), this.#options.runner, (child) => {
      this.#watch(child, { taskId, attempt });
    });
  }

  readiness(): Readiness {
    return { ready: true };
  }

  /** Nothing that a plain process needs can be made ahead but the process itself. */
  async prepare(_profile: SandboxProfile, _signal: AbortSignal): Promise<void> {}

  async startWarm(order: WarmOrder, signal: AbortSignal): Promise<void> {
    refuseImage(order.profile.image);
    await this.#warm.start(order, signal);
  }

  listWarm(): Promise<WarmView[]> {
    return Promise.resolve(this.#warm.list());
  }

  /** One rename and one write; the handle needs no change, for the folder's name says whose it is. */
  async assign(warmId: string, order: StartOrder, signal: AbortSignal): Promise<'taken' | 'refused'> {
    const { taskId, attempt } = order;
    const warm = this.#warm.take(warmId);
    if (warm === null) return 'refused';
    const moved = await this.#folders.assign(warmId, order);
    if (moved !== 'moved') {
      warm.handOver.close();
      // An earlier start of this attempt is in its place: that is for `start` to look at.
      if (moved === 'occupied') await this.#warm.end(warmId);
      return 'refused';
    }
    const unwatch = warm.child === null ? (): void => undefined : this.#watch(warm.child, { taskId, attempt });
    const again = this.#options.recycle ?? false;
    const message = { type: 'assign', mark: nameOf(order), config: this.#configOf(order), again } as const;
    const bound = AbortSignal.any([signal, AbortSignal.timeout(TAKEN_MS)]);
    // Before it is asked: an attempt can be over as soon as it is taken, and both words then come at once.
    if (again) this.#awaitIdle(warm, unwatch, { taskId, attempt });
    const answer = await warm.handOver.assign(message, bound);
    if (answer.outcome === 'refused') {
      this.#reusable.delete(nameOf(order));
      warm.handOver.close();
      await this.#clear(order, END_AT_ONCE);
      return 'refused';
    }
    if (!again) warm.handOver.close();
    await markTaken(this.#folders.of(order));
    return 'taken';
  }

  async endWarm(warmId: string): Promise<void> {
    await this.#warm.end(warmId);
  }

  async recycle(ref: AttemptRef): Promise<string | null> {
    const found = this.#reusable.get(nameOf(ref));
    if (found === undefined || !found.warm.handOver.isOpen) return null;
    // The runner says that it left none; whoever it did not see would go on in the next attempt's folder.
    const { left } = await endProcessTree({ mark: nameOf(ref) }, END);
    if (left.length > 0) return null;
    const warmId = randomUUID();
    this.#reusable.delete(nameOf(ref));
    found.unwatch();
    await this.#warm.recycle(ref, found.warm, warmId);
    return warmId;
  }

  async windDown(ref: AttemptRef, signal: AbortSignal): Promise<void> {
    await windDownSandbox(ref, this.#folders.of(ref), signal);
  }

  async end(ref: AttemptRef): Promise<void> {
    await this.#end(ref, END);
  }

  async #end(ref: AttemptRef, times: typeof END | typeof END_AT_ONCE): Promise<void> {
    this.#reusable.get(nameOf(ref))?.warm.handOver.close();
    this.#reusable.delete(nameOf(ref));
    await endSandbox(ref, this.#folders.of(ref), times);
  }

  /** Plain processes have no limits of their own. */
  limitHit(): Promise<LimitKind | null> {
    return Promise.resolve(null);
  }

  async hasWork(ref: AttemptRef): Promise<boolean> {
    try {
      return (await readdir(join(this.#folders.of(ref), 'worktree'))).length > 0;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
      throw error;
    }
  }

  async archive(order: ArchiveOrder, signal: AbortSignal): Promise<ArchiveOutcome> {
    const leave = await this.#archives.enter(signal);
    try {
      const { coordinatorUrl, runner, archiveMs = ARCHIVE_MS } = this.#options;
      const run = { folder: this.#folders.of(order), coordinatorUrl, runner, archiveMs };
      return await runArchive(order, run, () => this.end(order), signal);
    } finally {
      leave();
    }
  }

  async remove(ref: AttemptRef): Promise<void> {
    await this.#folders.moveAway(ref);
  }

  async discard(ref: AttemptRef): Promise<void> {
    await this.#folders.deleteMoved(ref);
  }

  keptPath(ref: AttemptRef): string {
    return this.#folders.keptPath(ref);
  }

  async keep(ref: AttemptRef): Promise<void> {
    await this.#folders.keep(ref);
  }

  onExited(listener: (ref: AttemptRef, how: number | string) => void): void {
    this.#exitListeners.push(listener);
  }

  onIdle(listener: (ref: AttemptRef) => void): void {
    this.#idleListeners.push(listener);
  }

  /** Processes can always be started. */
  onReadiness(_listener: (readiness: Readiness) => void): void {}

  close(): Promise<void> {
    this.#warm.close();
    for (const { warm } of this.#reusable.values()) warm.handOver.close();
    this.#reusable.clear();
    return Promise.resolve();
  }

  #configOf(order: StartOrder): ReturnType<typeof attemptConfig> {
    return attemptConfig(order, this.#options, this.#folders.of(order));
  }

  /**
   * Ends and deletes what an earlier start left half made. A claim is granted only before the runner has connected, and
   * without that it has no worktree. If there is one all the same, it is not thrown away: this throws.
   */
  async #clear(ref: AttemptRef, times: typeof END | typeof END_AT_ONCE = END): Promise<void> {
    await this.#end(ref, times);
    if (await this.hasWork(ref)) throw new Error(`${nameOf(ref)} has work of an earlier start in it`);
    await this.#folders.moveAway(ref);
    await this.#folders.deleteMoved(ref);
  }

  /** Answers how to stop watching. */
  #watch(child: ChildProcess, { taskId, attempt }: AttemptRef): () => void {
    const exited = (code: number | null, signal: string | null): void => {
      for (const listener of this.#exitListeners) listener({ taskId, attempt }, code ?? signal ?? 'unknown');
    };
    child.once('exit', exited);
    return () => child.off('exit', exited);
  }

  #awaitIdle(warm: WarmProcess, unwatch: () => void, ref: AttemptRef): void {
    this.#reusable.set(nameOf(ref), { warm, unwatch });
    warm.handOver.onReady(() => {
      for (const listener of this.#idleListeners) listener(ref);
    });
  }
}

const nameOf = ({ taskId, attempt }: AttemptRef): string => sandboxName(taskId, attempt);
