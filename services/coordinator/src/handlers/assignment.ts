import { randomBytes } from 'node:crypto';
import { type Assignment, DEFAULT_AUTHOR, type TaskRecord } from '@roundhouse/contracts';
import type { Deps } from './deps.ts';

/** The size of an agent's terminal, characters. */
const TERMINAL = { cols: 120, rows: 40 } as const;

/**
 * What a runner needs to begin, but for its base, which the claim decides. The tokens of the agent are made here: they say
 * which sub-task speaks, and die with the attempt.
 */
export async function assign(deps: Deps, task: TaskRecord): Promise<Omit<Assignment, 'baseCommit'>> {
  const { id: taskId, attempt, coordinatorId } = task;
  const doneToken = randomBytes(24).toString('base64url');
  const identity = { role: 'subtask', coordinatorId, taskId, attempt } as const;
  const [project, { token }] = await Promise.all([
    deps.registry.project(task.projectId),
    deps.tokens.issue(identity, `agent of ${taskId}, attempt ${attempt}`, null, doneToken),
  ]);
  return {
    taskId,
    attempt,
    projectId: task.projectId,
    baseBranch: task.baseBranch,
    branch: task.branch,
    agent: task.agent,
    author: project?.author ?? DEFAULT_AUTHOR,
    subtaskToken: token,
    doneToken,
    ...TERMINAL,
  };
}
