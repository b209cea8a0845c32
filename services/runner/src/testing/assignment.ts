import type { Assignment } from '@roundhouse/contracts';

/** An assignment of nothing in particular. */
export const assignmentOf = (more: Partial<Assignment>): Assignment => ({
  taskId: '5f0c1d52-7a38-4f0e-9a67-1c2d3e4f5a6b',
  attempt: 1,
  projectId: '0b9d7c1e-2f4a-4c6b-8d3e-5a7f9b1c3d5e',
  baseBranch: 'main',
  baseCommit: '0'.repeat(40),
  branch: 'task/x',
  agent: { kind: 'scripted' },
  author: { name: 'Roundhouse', email: 'roundhouse@example.invalid' },
  subtaskToken: 'subtask-secret-1',
  doneToken: 'done-secret-2',
  cols: 80,
  rows: 24,
  ...more,
});
