import { randomBytes } from 'node:crypto';
import { AGENT_TERMINAL, type Assignment, DEFAULT_AUTHOR, type TaskRecord } from '@roundhouse/contracts';
import type { Deps } from './deps.ts';

/**
 * What a runner needs to begin, but for its base, which the claim decides. The tokens of the agent are made here: they say
 * which sub-task speaks, and die with the attempt.
 */
export async function assign(deps: Deps, task: TaskRecord): Promise<Omit<Assignment, 'baseCommit'>> {
  const { id: taskId, attempt, coordinatorId, hosts } = task;
  const doneToken = randomBytes(24).toString('base64url');
  const identity = { role: 'subtask', coordinatorId, taskId, attempt } as const;
  const [project, { token }, coordinator] = await Promise.all([
    deps.registry.project(task.projectId),
    deps.tokens.issue(identity, `agent of ${taskId}, attempt ${attempt}`, null, doneToken),
    hosts === null ? null : coordinatorTokenFor(deps, task, hosts),
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
    ...(coordinator === null ? {} : { coordinator }),
    ...AGENT_TERMINAL,
  };
}

/** The token that a hosted coordinator's agent coordinates with. It ends with the attempt, and a retry gets another. */
async function coordinatorTokenFor(
  { tokens }: Deps,
  { id: taskId, attempt }: TaskRecord,
  id: string,
): Promise<NonNullable<Assignment['coordinator']>> {
  const identity = { role: 'coordinator', coordinatorId: id, host: { taskId, attempt } } as const;
  const { token } = await tokens.issue(identity, `coordinator in ${taskId}, attempt ${attempt}`, null);
  return { id, token };
}
