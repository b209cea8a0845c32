import { join } from 'node:path/posix';
import {
  DOORS,
  type Door,
  type DoorName,
  HAND_OVER_SOCKET,
  type RunnerConfig,
  type WorktreeSource,
} from '@roundhouse/contracts';
import type { ArchiveOrder, StartOrder } from '../../ports.ts';
import { INSIDE } from './container-spec.ts';

const door = (name: DoorName): Door => ({ port: DOORS[name].port, socket: join(INSIDE.doors, DOORS[name].socket) });
const urlOf = (name: DoorName): string => `http://127.0.0.1:${DOORS[name].port}`;
const PLACE = { folder: INSIDE.box, isolated: true } as const;

export type AttemptConfig = Extract<RunnerConfig, { mode: 'attempt' }>;

/** What a runner in a container is told about its attempt. */
export function attemptConfig(
  order: StartOrder,
  sandbox: { readonly worktree: WorktreeSource; readonly hasHub: boolean; readonly hasEgress: boolean },
): AttemptConfig {
  const { projectId, taskId, attempt, assignment, runnerToken, agentEnvironment } = order;
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
    agentEnvironment,
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
