import { join } from 'node:path/posix';
import { type Door, HAND_OVER_SOCKET, type RunnerConfig, type WorktreeSource } from '@roundhouse/contracts';
import type { ArchiveOrder, StartOrder } from '../../ports.ts';
import { INSIDE } from './container-spec.ts';

/** The ports that a runner opens in its own network namespace, and the relay's sockets that they lead to. */
const PORTS = { coordinator: 7400, mcp: 7401, egress: 7402 } as const;
/** The door without which no runner can do anything. */
export const FIRST_DOOR = 'coordinator.sock';

const door = (name: keyof typeof PORTS): Door => ({ port: PORTS[name], socket: join(INSIDE.doors, `${name}.sock`) });
const urlOf = (name: keyof typeof PORTS): string => `http://127.0.0.1:${PORTS[name]}`;
const PLACE = { folder: INSIDE.box, isolated: true } as const;

export type AttemptConfig = Extract<RunnerConfig, { mode: 'attempt' }>;

/** What a runner in a container is told about its attempt. */
export function attemptConfig(
  order: StartOrder,
  sandbox: { readonly worktree: WorktreeSource; readonly hasHub: boolean; readonly hasEgress: boolean },
): AttemptConfig {
  const { projectId, taskId, attempt, assignment, runnerToken } = order;
  const doors = [door('coordinator'), door('mcp'), ...(sandbox.hasEgress ? [door('egress')] : [])];
  return {
    mode: 'attempt',
    ...PLACE,
    doors,
    coordinatorUrl: urlOf('coordinator'),
    projectId,
    taskId,
    attempt,
    token: runnerToken,
    assignment,
    mcpUrl: `${urlOf('mcp')}/mcp`,
    hubObjects: sandbox.hasHub ? INSIDE.hubObjects : null,
    worktree: sandbox.worktree,
    proxyUrl: sandbox.hasEgress ? urlOf('egress') : null,
  };
}

export function archiveConfig({ projectId, taskId, attempt, ref, token }: ArchiveOrder): RunnerConfig {
  const coordinatorUrl = urlOf('coordinator');
  return {
    mode: 'archive',
    ...PLACE,
    doors: [door('coordinator')],
    coordinatorUrl,
    projectId,
    taskId,
    attempt,
    token,
    ref,
  };
}

export function prepareConfig(baseCommit: string): RunnerConfig {
  return { mode: 'prepare', ...PLACE, doors: [], hubObjects: INSIDE.hubObjects, baseCommit };
}

export const readsConfig = (file: string): string[] => ['--config', join(INSIDE.box, file)];
export const awaitsAttempt = (): string[] => ['--await', join(INSIDE.box, HAND_OVER_SOCKET)];
