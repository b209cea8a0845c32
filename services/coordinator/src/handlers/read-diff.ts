import { type InputOf, type OPERATIONS, type OutputOf, RoundhouseError, type TaskRecord } from '@roundhouse/contracts';
import { acknowledge, ownTask } from './access.ts';
import type { Caller, Deps } from './deps.ts';

type Answer = OutputOf<typeof OPERATIONS.readDiff>;

/** A cursor names the two commits and the byte it goes on from, so a page of another text is never taken for this one. */
const CURSOR = /^([0-9a-f]{40,64})\.([0-9a-f]{40,64})\.(\d{1,12})$/;

/** What a commit changes against its merge base with the task's base branch. */
export async function diffOf(
  deps: Deps,
  task: TaskRecord,
  commit: string,
  offset: number,
  signal: AbortSignal,
  knownBase?: string,
): Promise<Answer> {
  const base = knownBase ?? (await baseOf(deps, task, commit));
  const page = await deps.hubs.diff(task.projectId, base, commit, offset, signal);
  const { text, nextOffset, files, filesTotal } = page;
  return {
    text,
    nextCursor: nextOffset === null ? null : `${base}.${commit}.${nextOffset}`,
    commit,
    base,
    files,
    filesTotal,
  };
}

async function baseOf(deps: Deps, task: TaskRecord, commit: string): Promise<string> {
  // Once landed, the merge base with the branch is the commit itself: what it was started from tells what it changed.
  const started = 'baseCommit' in task.lifecycle ? task.lifecycle.baseCommit : null;
  if (task.landing.state === 'landed' && task.landing.commit === commit && started !== null) return started;
  const tip = await deps.hubs.branch(task.projectId, task.baseBranch);
  const base = tip === null ? null : await deps.hubs.mergeBase(task.projectId, tip, commit);
  const found = base ?? started;
  if (found === null) throw new RoundhouseError('branch_not_found', `the hub has no branch ${task.baseBranch}`);
  return found;
}

export async function readDiff(
  deps: Deps,
  caller: Caller,
  input: InputOf<typeof OPERATIONS.readDiff>,
): Promise<Answer> {
  const task = await ownTask(deps, caller, input.id);
  if (task.completion.state !== 'signalled') {
    throw new RoundhouseError('nothing_published', 'the task has pushed no commit: it pushes when it signals');
  }
  const { commit } = task.completion.signal;
  await acknowledge(deps, task);
  if (input.cursor === undefined) return await diffOf(deps, task, commit, 0, caller.signal);
  const [, base, of, offset] = CURSOR.exec(input.cursor) ?? [];
  if (base === undefined || of !== commit)
    throw new RoundhouseError('cursor_invalid', 'the cursor is malformed or of another commit');
  return await diffOf(deps, task, commit, Number(offset), caller.signal, base);
}
