import { type DialogAnswer, type InputOf, type OPERATIONS, RoundhouseError } from '@roundhouse/contracts';
import { ownTask, refuseUnderHumanControl } from './access.ts';
import type { Caller, Deps } from './deps.ts';
import { readTask, transition } from './transition.ts';
import { watch } from './watch.ts';

/** How long the caller is kept waiting until the dialog is gone, ms. The answer stays wanted as long as the dialog is shown. */
const ANSWER_WAIT_MS = 20_000;

export async function answerDialog(
  deps: Deps,
  caller: Caller,
  input: InputOf<typeof OPERATIONS.answerDialog>,
): Promise<DialogAnswer> {
  const { id: taskId, dialogId, option, text } = input;
  refuseUnderHumanControl(deps, caller, await ownTask(deps, caller, taskId));
  const answerId = deps.clock.nextId();
  // The same answer asked for twice is one: the second call waits for the first one's.
  const asked = await transition(deps, taskId, { type: 'answer_requested', answerId, dialogId, option, text });
  const wanted = asked.dialogAnswer;
  const done = await watch(
    {
      subscribe: (listener) => deps.feed.onTask(taskId, listener),
      timeoutMs: ANSWER_WAIT_MS,
      signal: caller.signal,
    },
    async () => {
      const { dialogAnswer } = await readTask(deps, taskId);
      return dialogAnswer?.id === wanted?.id && dialogAnswer?.state === 'pending' ? null : (dialogAnswer ?? null);
    },
  );
  if (done === null || done.id !== wanted?.id)
    throw new RoundhouseError('runner_away', 'the runner has not answered yet; it types the answer when it is back');
  if (done.state === 'stale')
    throw new RoundhouseError('dialog_gone', done.reason ?? 'the dialog was gone before the answer was typed');
  if (done.state === 'failed')
    throw new RoundhouseError('dialog_unanswered', done.reason ?? 'the answer was typed, and the dialog stayed');
  return done;
}
