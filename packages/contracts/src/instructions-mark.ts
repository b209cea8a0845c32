/**
 * What marks the block of instructions that a sub-task is given in a file of its tree: in the first line of the block and
 * in the last, with the task's id, so that a repository that writes about such blocks is not taken for one that has one.
 */
export const instructionsMark = (taskId: string): string => `roundhouse:sub-task:${taskId}`;

/** The mark of whatever task, as a POSIX extended regular expression. */
export const ANY_INSTRUCTIONS_MARK =
  'roundhouse:sub-task:[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}';
