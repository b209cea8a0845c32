import type { Assignment } from '@roundhouse/contracts';

/** What a coordinator assigns, for an attempt of a test. */
export const assignmentOf = (
  bound: Pick<Assignment, 'taskId' | 'attempt' | 'projectId'>,
  baseCommit = 'a'.repeat(40),
): Assignment => ({
  ...bound,
  baseBranch: 'main',
  baseCommit,
  branch: `task/a-test-${bound.taskId.slice(0, 8)}`,
  agent: { kind: 'scripted' },
  author: { name: 'Ada', email: 'ada@example.org' },
  subtaskToken: 'secret of the sub-task',
  doneToken: 'secret of its signal',
  cols: 120,
  rows: 40,
});
