/** What the runner's exit says to the launcher. */
export const EXIT = {
  /** Wound up: the agent's tree is gone and the work is archived (or there was none). */
  done: 0,
  /** It could not begin, or a fault of ours. */
  failed: 1,
  /** The attempt is another's, or its lease could not be kept: the tree is gone, nothing was written any more. */
  fenced: 3,
  /** Ended by a signal before the coordinator had said where to archive: the launcher archives. */
  terminated: 4,
  /** The tree is gone, but the work could not be archived: the launcher archives. */
  unsaved: 5,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
