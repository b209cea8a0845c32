import type { ChildProcess } from 'node:child_process';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { sandboxName } from '@roundhouse/contracts';
import { endProcessTree, findProcesses, startTimeOf } from '@roundhouse/host';
import { Gate } from '../../handlers/gate.ts';
import type { ArchiveOrder, ArchiveOutcome, AttemptRef, SandboxView, Sandboxes, StartOrder } from '../../ports.ts';
import { livePid, writeHandle } from './handle.ts';
import { configTaken } from './config-taken.ts';
import { CONFIG_FILE, type RunnerProgram, startRunner } from './runner-process.ts';
import { SandboxFolders } from './sandbox-folders.ts';

export interface ProcessSandboxOptions {
  /** Where the folders of the sandboxes lie. */
  readonly root: string;
  readonly coordinatorUrl: string;
  readonly mcpUrl: string;
  readonly runner: RunnerProgram;
  /** How long an archive run may take. */
  readonly archiveMs?: number;
}

/** From SIGTERM to SIGKILL, and from there until we say that it cannot be ended. */
const END = { graceMs: 3_000, killMs: 10_000 } as const;
const ARCHIVE_MS = 60_000;
/** How long a start is held back at most for the sake of pacing. */
const START_PACE_MS = 10_000;
/** Each is a process that starts, hashes a worktree and pushes. */
const ARCHIVES = 4;

/**
 * Sandboxes that are plain processes of this user, for agents that are trusted: they keep runs apart, they hold nobody in.
 * The port's words (../../ports.ts) say what each call promises. The folder and the handle in it are all the state.
 */
export class ProcessSandboxes implements Sandboxes {
  readonly #options: ProcessSandboxOptions;
  readonly #folders: SandboxFolders;
  readonly #archives = new Gate(ARCHIVES);
  readonly #listeners: ((ref: AttemptRef, how: number | string) => void)[] = [];

  constructor(options: ProcessSandboxOptions) {
    this.#options = options;
    this.#folders = new SandboxFolders(options.root);
  }

  async recover(): Promise<SandboxView[]> {
    await this.#folders.make();
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
    const { taskId, attempt, projectId, runnerToken, hubObjects } = order;
    const folder = this.#folders.of(order);
    const name = sandboxName(taskId, attempt);
    if ((await livePid(folder)) !== null) return;
    await this.end(order);
    // A claim is granted only before the runner has connected, and without that it has no worktree. If there is one all
    // the same, it is not this call that throws it away.
    if (await this.hasWork(order)) throw new Error(`${name} has work of an earlier start in it`);
    await this.#folders.moveAway(order);
    await this.#folders.deleteMoved(order);
    await mkdir(folder, { mode: 0o700 });
    const { coordinatorUrl, mcpUrl, runner } = this.#options;
    const common = { coordinatorUrl, projectId, taskId, attempt, folder, token: runnerToken };
    const child = await startRunner(name, { mode: 'attempt', ...common, mcpUrl, hubObjects }, runner);
    // Before anything is awaited: it may end at once.
    child.once('exit', (code, signal) => {
      for (const listener of this.#listeners) listener({ taskId, attempt }, code ?? signal ?? 'unknown');
    });
    const startTime = await startTimeOf(child.pid);
    await writeHandle(folder, {
      name,
      taskId,
      attempt,
      pid: child.pid,
      startTime,
      createdAt: new Date().toISOString(),
    });
    // A folder that cannot be watched is only not paced: the sandbox runs.
    await configTaken(join(folder, CONFIG_FILE), child, START_PACE_MS).catch(() => undefined);
  }

  async windDown(ref: AttemptRef, signal: AbortSignal): Promise<void> {
    const folder = this.#folders.of(ref);
    const pid = await livePid(folder);
    // The handle lies where the agent can write; a process without our mark is not the runner, whatever it says.
    if (pid === null || !(await findProcesses({ mark: nameOf(ref) })).includes(pid)) return;
    try {
      process.kill(pid, 'SIGTERM');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
    // A recovered runner is no child of ours, so there is no event to wait for; one way for both is the simpler.
    while (!signal.aborted && (await livePid(folder)) !== null)
      await delay(25, undefined, { signal }).catch(() => undefined);
  }

  async end(ref: AttemptRef): Promise<void> {
    const { left } = await endProcessTree({ mark: nameOf(ref), folder: this.#folders.of(ref) }, END);
    if (left.length > 0) throw new Error(`processes ${left.join(', ')} of ${nameOf(ref)} do not end`);
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
      return await this.#archiveNow(order, signal);
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
    this.#listeners.push(listener);
  }

  async #archiveNow(order: ArchiveOrder, signal: AbortSignal): Promise<ArchiveOutcome> {
    const { taskId, attempt, projectId, ref, token } = order;
    const folder = this.#folders.of(order);
    const { coordinatorUrl, runner, archiveMs = ARCHIVE_MS } = this.#options;
    const config = { mode: 'archive' as const, coordinatorUrl, projectId, taskId, attempt, folder, token, ref };
    const child = await startRunner(nameOf(order), config, runner);
    // Unlike an attempt's runner it is waited for, also by a launcher that has nothing else left to do.
    child.ref();
    const ended = await exitOf(child, AbortSignal.any([signal, AbortSignal.timeout(archiveMs)]));
    if (ended === 0) return { outcome: 'archived' };
    await this.end(order);
    const how = ended === null ? `did not end within ${archiveMs} ms or was told to stop` : `ended with ${ended}`;
    return { outcome: 'failed', reason: `the runner that was to archive it ${how}; its runner.log says more` };
  }
}

const nameOf = ({ taskId, attempt }: AttemptRef): string => sandboxName(taskId, attempt);

/** The exit code, the name of the signal that ended it, or null when `bound` came first. */
async function exitOf(child: ChildProcess, bound: AbortSignal): Promise<number | string | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode ?? child.signalCode;
  return await new Promise((resolve) => {
    const giveUp = (): void => resolve(null);
    bound.addEventListener('abort', giveUp, { once: true });
    if (bound.aborted) giveUp();
    child.once('exit', (code, signal) => {
      bound.removeEventListener('abort', giveUp);
      resolve(code ?? signal);
    });
  });
}
