import { expect, it } from 'vitest';
import type { ProgramWorld } from './program-world.ts';
import { PROMPTS } from './story.ts';

// A digit at its beginning would choose an option, were it not pasted.
const OWN_COLOUR = '2 greens, of which one is darker than the other, and neither is loud';
const INSTEAD = 'leave that file alone and tell me what you wanted it for';

/**
 * The real program asks with its own `tool`, and gets an answer that was none of its options. `amends`: the option by which the
 * refusal of a command takes words, too, where it does.
 */
export function takesOwnWords(
  name: string,
  { tool, amends }: { readonly tool: string; readonly amends?: string },
  world: () => ProgramWorld,
): void {
  it(`RX-15: ${name} is answered in words of one's own`, async () => {
    const { client } = world();
    const { id } = await client.call('createTask', {
      name: 'asks',
      prompt: PROMPTS.ask(tool),
      agent: world().agent({ permissionMode: 'ask' }),
    });
    const question = await world().dialogWithWords(id);
    expect(question, await world().tale(id)).toMatchObject({ kind: 'question', textOptions: [2] });
    const dialogId = question.id ?? '';
    const refused = client.call('answerDialog', { id, dialogId, option: 0, text: OWN_COLOUR });
    await expect(refused).rejects.toMatchObject({ code: 'dialog_takes_no_text' });
    await client.call('answerDialog', { id, dialogId, option: 2, text: OWN_COLOUR });
    await world().answered(OWN_COLOUR);
    expect(await world().needs(id), await world().tale(id)).toMatchObject({ outcome: 'idle' });
    if (amends !== undefined) await refuseInWords(id, amends, world());
    expect(await client.call('closeTask', { id })).toMatchObject({ outcome: 'closed' });
  });
}

/** It wants to run a command, is refused, and told what to do instead, in one answer. */
async function refuseInWords(id: string, refusal: string, world: ProgramWorld): Promise<void> {
  await world.client.call('promptTask', { id, prompt: PROMPTS.heed });
  const { id: dialogId = '', options, textOptions } = await world.dialogWithWords(id);
  const option = options.indexOf(refusal);
  expect(textOptions, await world.tale(id)).toContain(option);
  await world.client.call('answerDialog', { id, dialogId, option, text: INSTEAD });
  await world.answered(INSTEAD);
  expect(await world.needs(id), await world.tale(id)).toMatchObject({ outcome: 'idle' });
  // Its words were no prompt: it was told the two that it was told.
  expect((await world.client.call('getTask', { id })).prompts).toHaveLength(2);
}
