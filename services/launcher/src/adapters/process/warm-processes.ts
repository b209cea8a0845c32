import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { HAND_OVER_SOCKET, type SandboxProfile } from '@roundhouse/contracts';
import { endProcessTree, startTimeOf } from '@roundhouse/host';
import { type HandOver, openHandOver } from '../../handlers/hand-over-client.ts';
import type { AttemptRef, WarmOrder, WarmView } from '../../ports.ts';
import { deleteFolder } from './delete-folder.ts';
import { type Handle, HANDLE_FILE, isAlive, readHandle, warmMark, writeHandle } from './handle.ts';
import {
  LOG_FILE,
  type RunnerProcess,
  type RunnerProgram,
  runnerVersion,
  startAwaitingRunner,
} from './runner-process.ts';
import type { SandboxFolders } from './sandbox-folders.ts';

/** How long a runner may take to load what it needs. */
const READY_MS = 30_000;
/** A runner that waits already says so at once when a new launcher connects. */
const ADOPT_MS = 3_000;
/** There is nothing in it that would have to be saved. */
const END = { graceMs: 1_000, killMs: 10_000 } as const;

/** A runner that waits for an attempt. */
export interface WarmProcess {
  readonly warmId: string;
  readonly handle: Handle;
  readonly profile: SandboxProfile;
  readonly handOver: HandOver;
  /** Null where an earlier launcher started it. */
  readonly child: RunnerProcess | null;
}

/**
 * The runners that wait for an attempt, each in its folder `warm-<id>`. The hand-over connection is kept open from its
 * start on, so it does not matter that the socket's path changes with the folder's name; a runner whose launcher is gone
 * goes on listening.
 */
export class WarmProcesses {
  readonly #folders: SandboxFolders;
  readonly #program: RunnerProgram;
  readonly #waiting = new Map<string, WarmProcess>();

  constructor(folders: SandboxFolders, program: RunnerProgram) {
    this.#folders = folders;
    this.#program = program;
  }

  /** Connects again to those that an earlier launcher started; the others are ended. */
  async recover(): Promise<void> {
    const found = await this.#folders.listWarm();
    const version = await runnerVersion(this.#program);
    await Promise.all(
      found.map(async ({ warmId, isGone }) => {
        if (isGone || !(await this.#adopt(warmId, version))) await this.#endMoved(warmId, isGone);
      }),
    );
  }

  async start({ warmId, profile }: WarmOrder, signal: AbortSignal): Promise<void> {
    const folder = this.#folders.ofWarm(warmId);
    const name = `warm-${warmId}`;
    const runner = await runnerVersion(this.#program);
    await mkdir(folder, { mode: 0o700 });
    try {
      const child = await startAwaitingRunner(name, folder, this.#program);
      const exited = new AbortController();
      const leave = (): void =>
        exited.abort(new Error(`a warm runner ended at once; ${join(folder, LOG_FILE)} says more`));
      child.once('exit', leave);
      const startTime = await startTimeOf(child.pid);
      const createdAt = new Date().toISOString();
      const handle = { name, taskId: null, attempt: null, profile, runner, pid: child.pid, startTime, createdAt };
      await writeHandle(folder, handle);
      const bound = AbortSignal.any([signal, exited.signal, AbortSignal.timeout(READY_MS)]);
      const handOver = await openHandOver(join(folder, HAND_OVER_SOCKET), bound).finally(() =>
        child.off('exit', leave),
      );
      this.#waiting.set(warmId, { warmId, handle, profile, handOver, child });
    } catch (error) {
      await this.#endMoved(warmId, false);
      throw error;
    }
  }

  list(): WarmView[] {
    return [...this.#waiting.values()].map(({ warmId, profile, handOver, handle }) => ({
      warmId,
      profile,
      isReady: handOver.isOpen,
      createdAtMs: Date.parse(handle.createdAt),
    }));
  }

  /** Takes it off the list; who takes it is who may use it. */
  take(warmId: string): WarmProcess | null {
    const found = this.#waiting.get(warmId) ?? null;
    this.#waiting.delete(warmId);
    return found;
  }

  async end(warmId: string): Promise<void> {
    this.take(warmId)?.handOver.close();
    await this.#endMoved(warmId, false);
  }

  /** The attempt is over and its runner waits again, under a new id. What it left is where `remove` would put it. */
  async recycle(ref: AttemptRef, over: WarmProcess, warmId: string): Promise<void> {
    const createdAt = new Date().toISOString();
    const handle: Handle = { ...over.handle, createdAt };
    await writeHandle(this.#folders.of(ref), handle);
    await this.#folders.recycle(ref, warmId, [HANDLE_FILE, HAND_OVER_SOCKET, LOG_FILE]);
    this.#waiting.set(warmId, { ...over, warmId, handle });
  }

  /** Lets go of the runners; they wait on. */
  close(): void {
    for (const { handOver } of this.#waiting.values()) handOver.close();
    this.#waiting.clear();
  }

  async #adopt(warmId: string, version: string): Promise<boolean> {
    const folder = this.#folders.ofWarm(warmId);
    const handle = await readHandle(folder);
    if (handle === null || handle.profile === null || handle.runner !== version) return false;
    if (!(await isAlive(handle))) return false;
    try {
      const handOver = await openHandOver(join(folder, HAND_OVER_SOCKET), AbortSignal.timeout(ADOPT_MS));
      this.#waiting.set(warmId, { warmId, handle, profile: handle.profile, handOver, child: null });
      return true;
    } catch {
      // It lives and does not answer: no use to anybody, whatever the reason.
      return false;
    }
  }

  /** The rename is what decides between this and a hand-over: the mark of a runner that has an attempt is still the old. */
  async #endMoved(warmId: string, isMoved: boolean): Promise<void> {
    const folder = isMoved ? this.#folders.goneWarm(warmId) : await this.#folders.moveWarmAway(warmId);
    if (folder === null) return;
    const mark = warmMark(await readHandle(folder)) ?? `warm-${warmId}`;
    const { left } = await endProcessTree({ mark, folder }, END);
    if (left.length > 0) throw new Error(`processes ${left.join(', ')} of ${mark} do not end`);
    await deleteFolder(folder);
  }
}
