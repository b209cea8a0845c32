import { join } from 'node:path';
import { DOORS, SLOT_NAME_LENGTH } from '@roundhouse/contracts';
import { socketFolder } from '@roundhouse/host';
import type { DataPaths } from '../data-folder.ts';
import { ensureDockerReady } from './docker-ready.ts';
import { ensureRunnerTree } from './runner-tree.ts';
import type { SandboxChoice } from './sandbox-choice.ts';

/** The relay's sockets in the folder of a slot, whatever its name. */
const SOCKETS = Object.values(DOORS).map(({ socket }) => join('0'.repeat(SLOT_NAME_LENGTH), socket));

interface Parts {
  readonly paths: DataPaths;
  readonly sandbox: SandboxChoice;
  readonly dockerSocket: string;
  readonly inherited: NodeJS.ProcessEnv;
  readonly say: (text: string) => void;
  readonly signal: AbortSignal;
}

/** What containers need besides the launcher, in variables of the services that they are for. */
export interface PreparedSandboxes {
  readonly relay: NodeJS.ProcessEnv;
  readonly launcher: NodeJS.ProcessEnv;
}

/** Sees to engine, image, runner tree and the folder of the doors. Null for plain processes: they need none of it. */
export async function prepareSandboxes(parts: Parts): Promise<PreparedSandboxes | null> {
  const { paths, sandbox, dockerSocket: socket, inherited: environment, say, signal } = parts;
  if (sandbox.kind === 'process') return null;
  await ensureDockerReady({ socket, image: sandbox.image, environment, say, signal });
  const tree = await ensureRunnerTree(paths.runnerTrees, { socket, environment, signal });
  const folder = await socketFolder(paths.doors, SOCKETS);
  // The short folder is private, and other users must reach the sockets in the mounted ones.
  const doors = folder === paths.doors ? folder : join(folder, 'doors');
  return {
    relay: { ROUNDHOUSE_DOORS: doors, ROUNDHOUSE_EGRESS_ALLOW: sandbox.egress ?? '' },
    launcher: {
      ROUNDHOUSE_SANDBOX_KIND: 'docker',
      ROUNDHOUSE_DOCKER_SOCKET: socket,
      ROUNDHOUSE_IMAGE: sandbox.image,
      ROUNDHOUSE_RUNNER_TREE: tree,
      ROUNDHOUSE_DOORS: doors,
      ROUNDHOUSE_EGRESS: sandbox.egress === null ? 'none' : 'proxy',
    },
  };
}

/** The launcher's variables that say what it starts. */
export const sandboxVariables = (
  { kind, warm }: SandboxChoice,
  prepared: PreparedSandboxes | null,
): NodeJS.ProcessEnv => ({
  ROUNDHOUSE_SANDBOX_KIND: kind,
  ROUNDHOUSE_WARM_MIN: String(warm.min),
  ROUNDHOUSE_WARM_MAX: String(warm.max),
  ...prepared?.launcher,
});
