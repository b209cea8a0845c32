import { createHash, randomBytes } from 'node:crypto';
import type { AttemptRef } from '../../ports.ts';

/** What a container is for. */
export type ContainerKind = 'attempt' | 'warm' | 'archive' | 'prepare';

/** The labels by which a launcher that was restarted finds its containers. */
export const LABEL = {
  install: 'roundhouse.install',
  kind: 'roundhouse.kind',
  slot: 'roundhouse.slot',
  /** Names one run of a container that this launcher waits for. */
  run: 'roundhouse.run',
  task: 'roundhouse.task',
  attempt: 'roundhouse.attempt',
} as const;

/** Which installation a container is of: two on one engine must not reap each other's. `root` is the engine's path. */
export const installOf = (root: string): string => createHash('sha256').update(root).digest('hex').slice(0, 16);

/** A SlotName: short, because Unix sockets lie below it; random, because a slot that is only to be discarded keeps its name. */
export const newSlot = (): string => randomBytes(6).toString('hex');

export const warmName = (warmId: string): string => `warm-${warmId}`;
export const archiveName = ({ taskId, attempt }: AttemptRef): string => `archive-${taskId}-${attempt}`;
export const prepareName = (projectId: string, commit: string): string => `prepare-${projectId}-${commit.slice(0, 12)}`;

/**
 * What docker-compose calls its own, so that `down --remove-orphans` ends ours too. The file has a service of that name,
 * which builds the image: without one each `up` would warn of orphans; but as one-offs, or `restart` would restart them.
 */
export function composeLabels(own: Readonly<Record<string, string>>): Record<string, string> {
  const project = own['com.docker.compose.project'];
  if (project === undefined) return {};
  return {
    'com.docker.compose.project': project,
    'com.docker.compose.service': 'sandbox',
    'com.docker.compose.oneoff': 'True',
    'com.docker.compose.container-number': '1',
    'com.docker.compose.config-hash': 'x',
  };
}
