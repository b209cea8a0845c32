import { type InputOf, type OPERATIONS, type OutputOf, RoundhouseError, type TaskRecord } from '@roundhouse/contracts';
import { ownTask, refuseUnderHumanControl } from './access.ts';
import { checkedResult } from './admission/results.ts';
import type { Caller, Deps } from './deps.ts';
import { landingOutcome } from './land-task.ts';
import { readTask, transition } from './transition.ts';
import { watch } from './watch.ts';

/** How long the sub-task is kept waiting for its runner's push, ms. The wish stays in force. */
const PUBLISH_WAIT_MS = 50_000;

type SubtaskInput = InputOf<typeof OPERATIONS.signalDone>;
interface Published {
  readonly commit: string;
  readonly untracked: string[];
  readonly task: TaskRecord;
}

/** The commit is pushed by the runner, not by the agent: only the runner's token may write the task's branch. */
async function publish(deps: Deps, caller: Caller, input: SubtaskInput, land: boolean): Promise<Published> {
  const { identity } = caller;
  if (identity.role !== 'subtask') throw new RoundhouseError('forbidden', 'only a sub-task signals');
  const { doneToken } = caller;
  const [task, mayBeDone] = await Promise.all([
    ownTask(deps, caller, input.id),
    doneToken !== null && deps.tokens.verifyDoneToken(caller.tokenId, doneToken),
  ]);
  if (!mayBeDone) {
    throw new RoundhouseError('done_token_invalid', 'the X-Done-Token header is absent or is not this attempt’s');
  }
  if (land && !task.allowLandSelf)
    throw new RoundhouseError('land_self_not_allowed', 'this task may not land its own work');
  if (land) refuseUnderHumanControl(deps, caller, task);
  // Before anything is pushed: who is refused can mend it and signal again.
  const result = await checkedResult(deps, task, input.result);
  const request = {
    type: 'publish_requested',
    attempt: identity.attempt,
    publishId: deps.clock.nextId(),
    land,
    summary: input.summary ?? null,
    result,
  } as const;
  const asked = await transition(deps, input.id, request, { known: task });
  // A second call while the first is under way joins it: one push, one signal.
  const publishId = asked.publish?.id;
  const done = await watch(
    {
      subscribe: (listener) => deps.feed.onTask(input.id, listener),
      timeoutMs: PUBLISH_WAIT_MS,
      signal: caller.signal,
    },
    async () => {
      const now = await readTask(deps, input.id);
      return now.publish?.id === publishId ? null : now;
    },
  );
  const { lastPublish } = done ?? asked;
  if (done === null || lastPublish === null || lastPublish.id !== publishId) {
    throw new RoundhouseError('runner_away', 'the runner has not answered yet; the signal is given when it does');
  }
  switch (lastPublish.outcome) {
    case 'signalled':
      return { commit: lastPublish.commit, untracked: lastPublish.untracked, task: done };
    case 'refused':
      throw new RoundhouseError(
        'uncommitted_changes',
        `${lastPublish.files.length} tracked files have uncommitted changes`,
        { files: lastPublish.files },
      );
    case 'failed':
      throw notPublished(lastPublish.reason);
  }
}

/** What the hub's hook said of a push that held the instructions of the task, as the runner heard it. */
const REFUSED = /instructions_in_push: (?<path>.{1,500}) in commit (?<commit>[0-9a-f]{40,64})/;

function notPublished(reason: string): RoundhouseError {
  const found = REFUSED.exec(reason)?.groups;
  if (found === undefined) return new RoundhouseError('publish_failed', 'the work could not be pushed', { reason });
  const { path, commit } = found;
  return new RoundhouseError('instructions_in_commit', `the hub refused the push: ${path} of ${commit} has the block`, {
    path,
    commit,
  });
}

export async function signalDone(
  deps: Deps,
  caller: Caller,
  input: SubtaskInput,
): Promise<OutputOf<typeof OPERATIONS.signalDone>> {
  const { commit, untracked, task } = await publish(deps, caller, input, false);
  return {
    commit,
    branch: task.branch,
    untracked,
    next: 'Your coordinator reviews it now. Stay: it may send another prompt.',
  };
}

export async function landSelf(
  deps: Deps,
  caller: Caller,
  input: SubtaskInput,
): Promise<OutputOf<typeof OPERATIONS.landSelf>> {
  const { commit, task } = await publish(deps, caller, input, true);
  const { landing, control } = task;
  if (control.holder === 'human' && (landing.state === 'none' || landing.commit !== commit)) {
    const details = { until: control.until, holder: control.who, commit };
    throw new RoundhouseError('human_control', 'it is signalled, and not landed: a person holds the keyboard', details);
  }
  return await landingOutcome(deps, caller, input.id);
}
