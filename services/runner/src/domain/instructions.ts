export interface SubTask {
  readonly branch: string;
  readonly baseBranch: string;
}

/** What every coding agent is told of being a sub-task, each in its own best way and never through the worktree. */
export const subTaskInstructions = ({ branch, baseBranch }: SubTask): string => `<sub-task-mode>
You work on one task of a larger piece of work, in a git worktree of your own that nobody else writes in. A coordinator gave
you the task and waits for your word; it does not watch what you print.

- Work on the branch that is checked out (${branch}, from ${baseBranch}). Commit your work with clear messages. Do not switch
  branches, rewrite history, or push: your branch is published for you when you say that you are done.
- When the task is done and everything is committed, call the tool signal_done of the MCP server "roundhouse" once, with a
  short summary. That call is the only thing that counts as done: ending your turn does not. If it is refused, mend what it
  names and call it again.
- get_inputs has what your task builds on, and the schema of the result that signal_done must be given, where there is one.
- If you cannot go on, say in one short question what you need, and stop there. Further prompts may come: each is part of
  this task; signal again when it is done.
- Leave no files in the worktree that do not belong to the work. Do not touch files outside of it, and do not look for
  credentials or for other tasks.
</sub-task-mode>
`;
