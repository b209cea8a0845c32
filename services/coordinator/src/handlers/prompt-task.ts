import { type InputOf, type OPERATIONS, type PromptReceipt } from '@roundhouse/contracts';
import { receiptOf } from '../domain/derived.ts';
import { acknowledge, ownTask } from './access.ts';
import { idFor, promptBytes } from './create-task.ts';
import type { Caller, Deps } from './deps.ts';
import { transition } from './transition.ts';

export async function promptTask(
  deps: Deps,
  caller: Caller,
  input: InputOf<typeof OPERATIONS.promptTask>,
): Promise<PromptReceipt> {
  const bytes = promptBytes(input.prompt);
  await ownTask(deps, caller, input.id);
  const prompt = { id: idFor(deps, caller, `prompt of ${input.id}`), text: input.prompt };
  const prompted = await transition(
    deps,
    input.id,
    { type: 'prompt_requested', promptId: prompt.id, bytes, tokenId: caller.tokenId },
    { prompt },
  );
  await acknowledge(deps, prompted);
  const receipt = prompted.prompts.find(({ id }) => id === prompt.id);
  if (receipt === undefined) throw new Error(`prompt ${prompt.id} has no receipt`);
  return receiptOf(prompted, receipt);
}
