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
- If you cannot go on without a decision, put it with ask: the answer is the result of that call. report tells what you
  could do in part, what blocks you, or what lies outside of your task. Further prompts may come: each is part of this task;
  signal again when it is done.
- Leave no files in the worktree that do not belong to the work. Do not touch files outside of it, and do not look for
  credentials or for other tasks.
</sub-task-mode>
`;

/** What an agent that hosts a coordinator is told besides: it has the tools of a coordinator, and two servers of one name. */
const COORDINATOR_MODE = `<coordinator-mode>
You coordinate other agents. The MCP server "roundhouse" has the tools for that: create_task starts one on a branch of its own,
wait_for_signal_done tells when one is done or needs something, get_task_diff and review_and_merge_task bring its work to the
base branch, close_task ends it. What happens meanwhile is told to you as a prompt. For your own task, signal_done, ask and
report are the tools of the server "roundhouse-self": call its signal_done when all of it is done.
</coordinator-mode>
`;

export const instructionsFor = (assignment: SubTask & { readonly coordinator?: object | undefined }): string => {
  const { coordinator } = assignment;
  return coordinator === undefined
    ? subTaskInstructions(assignment)
    : `${subTaskInstructions(assignment)}${COORDINATOR_MODE}`;
};
