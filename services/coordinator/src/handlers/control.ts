import {
  type InputOf,
  MAX_INPUT_BYTES,
  type OPERATIONS,
  type OutputOf,
  RoundhouseError,
  type Task,
} from '@roundhouse/contracts';
import { ownTask } from './access.ts';
import { idFor } from './create-task.ts';
import type { Caller, Deps } from './deps.ts';
import { taskView } from './task-view.ts';
import { transition } from './transition.ts';

type Ops = typeof OPERATIONS;

/** Takes, renews or hands back the keyboard. Who holds it is the token, since nothing else of a person is known. */
export async function setControl(deps: Deps, caller: Caller, input: InputOf<Ops['setControl']>): Promise<Task> {
  await ownTask(deps, caller, input.id);
  const { tokenId, tokenLabel } = caller;
  const { force } = input;
  const until = new Date(Date.parse(deps.clock.now()) + input.forMs).toISOString();
  const event =
    input.holder === 'human'
      ? ({ type: 'control_taken', who: { tokenId, label: tokenLabel.slice(0, 200) }, until, force } as const)
      : ({ type: 'control_returned', tokenId, force } as const);
  return await taskView(deps, await transition(deps, input.id, event));
}

/** Has the runner type what the holder typed. Answers when it is committed; the link takes it from there. */
export async function typeInput(
  deps: Deps,
  caller: Caller,
  { id: taskId, text }: InputOf<Ops['typeInput']>,
): Promise<OutputOf<Ops['typeInput']>> {
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_INPUT_BYTES)
    throw new RoundhouseError('input_too_large', `it has ${bytes} bytes, ${MAX_INPUT_BYTES} is the most`, {
      bytes,
      limit: MAX_INPUT_BYTES,
    });
  await ownTask(deps, caller, taskId);
  const id = idFor(deps, caller, `input of ${taskId}`);
  const task = await transition(deps, taskId, { type: 'input_requested', inputId: id, text, tokenId: caller.tokenId });
  const waiting = task.inputs.length;
  return { id, ordinal: task.inputs.find((input) => input.id === id)?.ordinal ?? task.inputsTotal, bytes, waiting };
}
