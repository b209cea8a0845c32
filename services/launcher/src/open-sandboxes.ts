import type { Logger } from '@roundhouse/host';
import { openDockerSandboxes } from './adapters/docker/docker-sandbox.ts';
import { ProcessSandboxes } from './adapters/process/process-sandbox.ts';
import { openSlotStorage } from './adapters/storage/open-slot-storage.ts';
import { PreparedCheckouts } from './adapters/storage/prepared-checkouts.ts';
import type { Config, DockerConfig, ProcessConfig } from './config.ts';
import type { Sandboxes } from './ports.ts';

/** Sandboxes, and what is to be said of them. */
export interface OpenedSandboxes {
  readonly sandboxes: Sandboxes;
  readonly worktrees: 'checkout' | 'overlay';
  /** What cannot be done here, in one sentence for a person. */
  readonly note: string | null;
  /** Lets go of all that was opened; no sandbox is touched. */
  close(): Promise<void>;
}

/** Who runs in a container: nobody that has an account here. */
const SANDBOX_USER = { uid: 1_000, gid: 1_000 };

/** Opens the kind of sandboxes that the configuration names. */
export async function openSandboxes(config: Config, log: Logger): Promise<OpenedSandboxes> {
  switch (config.sandbox.kind) {
    case 'process':
      return processes(config, config.sandbox);
    case 'docker':
      return await containers(config, config.sandbox, log);
  }
}

function processes(config: Config, { mcpUrl, runnerMain }: ProcessConfig): OpenedSandboxes {
  const sandboxes = new ProcessSandboxes({
    root: config.sandboxes,
    coordinatorUrl: config.coordinatorUrl,
    mcpUrl,
    runner: { main: runnerMain, environment: config.runnerEnvironment },
    recycle: config.recycle,
  });
  return {
    sandboxes,
    worktrees: 'checkout',
    note: 'Sandboxes are plain processes: nothing holds them to their limits of memory, processors, processes and disk.',
    close: () => sandboxes.close(),
  };
}

async function containers(config: Config, sandbox: DockerConfig, log: Logger): Promise<OpenedSandboxes> {
  const { sandboxes: root, runnerEnvironment: environment } = config;
  const user = userOf();
  const storage = await openSlotStorage({ root, mounts: sandbox.mounts, ...user, log });
  const { worktrees, note } = storage;
  try {
    const sandboxes = await openDockerSandboxes({
      root,
      storage,
      environment,
      user,
      log,
      socketPath: sandbox.socket,
      image: sandbox.image,
      runnerTree: sandbox.runnerTree,
      doors: sandbox.doors,
      hasEgress: sandbox.egress,
      recycle: config.recycle,
      checkouts: (prepare) => PreparedCheckouts.open({ root, worktrees, prepare, ...user, log }),
    });
    if (config.recycle && !storage.canRenew)
      log.warn({}, 'ROUNDHOUSE_RECYCLE has no effect: containers can be used again only where the launcher is root');
    const close = async (): Promise<void> => {
      await sandboxes.close();
      await storage.close();
    };
    return { sandboxes, worktrees, note, close };
  } catch (error) {
    await storage.close();
    throw error;
  }
}

/** A launcher that is not root can only make folders of its own. */
function userOf(): { uid: number; gid: number } {
  const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0];
  return uid === 0 ? SANDBOX_USER : { uid, gid };
}
