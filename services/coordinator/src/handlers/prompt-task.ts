import { type InputOf, type OPERATIONS, type PromptReceipt, type Task } from '@roundhouse/contracts';
import { acknowledge, ownTask, refuseUnderHumanControl } from './access.ts';
import { idFor, promptBytes } from './create-task.ts';
import type { Caller, Deps } from './deps.ts';
import { taskView } from './task-view.ts';
import { transition } from './transition.ts';

export async function promptTask(
  deps: Deps,
  caller: Caller,
  input: InputOf<typeof OPERATIONS.promptTask>,
): Promise<PromptReceipt> {
  const bytes = promptBytes(input.prompt);
  const task = await ownTask(deps, caller, input.id);
  refuseUnderHumanControl(deps, caller, task);
  const prompt = { id: idFor(deps, caller, `prompt of ${input.id}`), text: input.prompt };
  const prompted = await transition(
    deps,
    input.id,
    { type: 'prompt_requested', promptId: prompt.id, bytes },
    { prompt },
  );
  await acknowledge(deps, prompted);
  const receipt = prompted.prompts.find(({ id }) => id === prompt.id);
  if (receipt === undefined) throw new Error(`prompt ${prompt.id} has no receipt`);
  return receipt;
}

export async function setControl(
  deps: Deps,
  caller: Caller,
  input: InputOf<typeof OPERATIONS.setControl>,
): Promise<Task> {
  await ownTask(deps, caller, input.id);
  const until = new Date(Date.parse(deps.clock.now()) + input.forMs).toISOString();
  const event =
    input.holder === 'human' ? ({ type: 'control_taken', until } as const) : ({ type: 'control_returned' } as const);
  return await taskView(deps, await transition(deps, input.id, event));
}
