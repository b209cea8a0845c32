import {
  type InputOf,
  LEASE,
  type OPERATIONS,
  type OutputOf,
  RoundhouseError,
  type TaskRecord,
  archiveRef,
} from '@roundhouse/contracts';
import { isLive } from '../domain/derived.ts';
import { sandboxLimitsOf } from '../domain/limits.ts';
import type { Caller, Deps } from './deps.ts';
import { assign } from './assignment.ts';
import { noteProfile } from './launchers.ts';
import { readTask, transition } from './transition.ts';

type Ops = typeof OPERATIONS;
type Claim = InputOf<Ops['claimAttempt']>;
/** How long a token that may write an archive ref is good for, ms. */
const ARCHIVE_TOKEN_MS = 600_000;

export async function claimAttempt(deps: Deps, _caller: Caller, input: Claim): Promise<OutputOf<Ops['claimAttempt']>> {
  const { taskId, attempt } = input;
  const task = await claimable(deps, input);
  const { projectId, image, lifecycle } = task;
  const baseCommit =
    lifecycle.state === 'starting' ? lifecycle.baseCommit : await deps.hubs.branch(projectId, task.baseBranch);
  if (baseCommit === null) {
    await transition(deps, taskId, {
      type: 'attempt_failed',
      attempt,
      reason: `the hub has no branch ${task.baseBranch} any more`,
    });
    throw new RoundhouseError('attempt_stale', 'the attempt cannot start: its base branch is gone');
  }
  // Side by side, since the claim stands between a waiting task and its agent. The tokens of a claim that fails are nobody's.
  const [claimed, token, assigned] = await Promise.all([
    transition(deps, taskId, { type: 'claimed', attempt, baseCommit }, { known: task }),
    runnerToken(deps, task),
    assign(deps, task),
    // Claimed before: whoever asks again goes on with the start, and gets the time for it.
    lifecycle.state === 'starting' ? deps.store.renewLease(taskId, attempt, LEASE.startTtlMs) : null,
    noteProfile(deps, task),
  ]);
  if (claimed.lifecycle.state !== 'starting' || claimed.attempt !== attempt) throw notToBeClaimed(claimed);
  return {
    assignment: { ...assigned, baseCommit: claimed.lifecycle.baseCommit },
    runnerToken: token,
    hubObjects: deps.hubs.objectsFolder(projectId),
    image,
    limits: sandboxLimitsOf(task.limits),
  };
}

/**
 * The task as it can be claimed: what this process saw last, where that was waiting in the queue, since the claim is held
 * against its version; else as it is stored. One that was claimed before may run by now, and then its lease is its runner's
 * to renew. @throws RoundhouseError `attempt_stale`, `task_not_found`
 */
async function claimable(deps: Deps, { taskId, attempt }: Claim): Promise<TaskRecord> {
  const seen = deps.store.lastSeen(taskId);
  if (seen?.lifecycle.state === 'queued' && seen.attempt === attempt) return seen;
  const task = await readTask(deps, taskId);
  const { state } = task.lifecycle;
  if (task.attempt === attempt && (state === 'queued' || state === 'starting')) return task;
  throw notToBeClaimed(task);
}

const notToBeClaimed = ({ lifecycle, attempt }: TaskRecord): RoundhouseError =>
  new RoundhouseError('attempt_stale', `the task is ${lifecycle.state} in attempt ${attempt}`);

async function runnerToken(
  { tokens }: Deps,
  { id: taskId, attempt, coordinatorId, branch }: TaskRecord,
): Promise<string> {
  const identity = { role: 'runner', coordinatorId, taskId, attempt, ref: `refs/heads/${branch}` } as const;
  return (await tokens.issue(identity, `runner of ${taskId}, attempt ${attempt}`, null)).token;
}

function wanted(task: TaskRecord | null, attempt: number): 'run' | 'stop' | 'destroy' {
  if (task === null || task.attempt !== attempt || !task.sandboxes.includes(attempt)) return 'destroy';
  return isLive(task) && task.closing === null ? 'run' : 'stop';
}

export async function reconcileAttempts(
  deps: Deps,
  _caller: Caller,
  { sandboxes }: InputOf<Ops['reconcileAttempts']>,
): Promise<OutputOf<Ops['reconcileAttempts']>> {
  const now = Date.parse(deps.clock.now());
  const rows = sandboxes.map(async ({ taskId, attempt }) => {
    const task = await deps.store.read(taskId);
    const since = task === null ? now : Date.parse(task.closing?.at ?? task.updatedAt);
    return { taskId, attempt, want: wanted(task, attempt), stopSinceMs: Math.max(0, now - since) };
  });
  return { wanted: await Promise.all(rows) };
}

export async function archiveAttempt(
  deps: Deps,
  _caller: Caller,
  { taskId, attempt }: InputOf<Ops['archiveAttempt']>,
): Promise<OutputOf<Ops['archiveAttempt']>> {
  const { projectId, coordinatorId } = await readTask(deps, taskId);
  const ref = archiveRef(taskId, attempt);
  if ((await deps.hubs.ref(projectId, ref)) !== null) return { archived: true, projectId, ref, token: null };
  return { archived: false, projectId, ref, token: await archiveToken(deps, { coordinatorId, taskId, attempt, ref }) };
}

/** A token that may write one archive ref and nothing else, whoever owns the task by then. */
export async function archiveToken(
  deps: Deps,
  bound: { coordinatorId: string; taskId: string; attempt: number; ref: string },
): Promise<string> {
  const expiresAt = new Date(Date.parse(deps.clock.now()) + ARCHIVE_TOKEN_MS).toISOString();
  const { token } = await deps.tokens.issue(
    { role: 'runner', ...bound },
    `archive of ${bound.taskId}, attempt ${bound.attempt}`,
    expiresAt,
  );
  return token;
}

export async function reportGone(
  deps: Deps,
  _caller: Caller,
  { taskId, attempt, kept, reason, limit }: InputOf<Ops['reportGone']>,
): Promise<{ ok: true }> {
  if ((await deps.store.read(taskId)) === null) return { ok: true };
  deps.log.info({ taskId, attempt, kept, reason, limit }, 'a sandbox is gone');
  await transition(deps, taskId, { type: 'sandbox_gone', attempt, kept, limit, reason });
  return { ok: true };
}
