import { randomBytes } from 'node:crypto';
import { type Assignment, DEFAULT_AUTHOR, RoundhouseError, type TaskRecord } from '@roundhouse/contracts';
import type { Deps } from './deps.ts';

/** The size of an agent's terminal, characters. */
const TERMINAL = { cols: 120, rows: 40 } as const;

/**
 * What a runner needs to begin. The tokens of the agent are made here: they say which sub-task speaks, and die with the attempt.
 */
export async function assign(deps: Deps, task: TaskRecord): Promise<Assignment> {
  const { id: taskId, attempt, coordinatorId, lifecycle } = task;
  if (lifecycle.state !== 'running') throw new RoundhouseError('attempt_stale', `the task is ${lifecycle.state}`);
  const project = await deps.registry.project(task.projectId);
  const doneToken = randomBytes(24).toString('base64url');
  const identity = { role: 'subtask', coordinatorId, taskId, attempt } as const;
  const { token } = await deps.tokens.issue(identity, `agent of ${taskId}, attempt ${attempt}`, null, doneToken);
  return {
    taskId,
    attempt,
    projectId: task.projectId,
    baseBranch: task.baseBranch,
    baseCommit: lifecycle.baseCommit,
    branch: task.branch,
    agent: task.agent,
    author: project?.author ?? DEFAULT_AUTHOR,
    subtaskToken: token,
    doneToken,
    ...TERMINAL,
  };
}
