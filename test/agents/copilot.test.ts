import { expect, it } from 'vitest';
import { takesOwnWords } from './own-words-suite.ts';
import { describeProgram } from './program-suite.ts';
import { PROMPTS } from './story.ts';

const REFUSAL = 'No, and tell Copilot what to do differently';
/** It takes seconds to start. */
const ANSWERED_MS = 50_000;

await describeProgram('copilot', (world) => {
  takesOwnWords('copilot', { tool: 'ask_user', amends: REFUSAL }, world);

  it('RX-17: copilot is refused without a word, and told one of several', async () => {
    const { client } = world();
    const agent = world().agent({ permissionMode: 'ask', dialogs: 'deny' });
    const { id } = await client.call('createTask', { name: 'refused', prompt: PROMPTS.heed, agent });
    const answers = { taskIds: [id], kinds: ['dialog' as const], from: 'oldest' as const, timeoutMs: ANSWERED_MS };
    expect((await client.call('waitForEvents', answers)).events, await world().tale(id)).toHaveLength(1);
    const { dialogAnswer } = await client.call('getTask', { id });
    expect(dialogAnswer).toMatchObject({ state: 'answered', by: 'policy', label: REFUSAL });
    expect(await world().needs(id), await world().tale(id)).toMatchObject({ outcome: 'idle' });
    await client.call('promptTask', { id, prompt: PROMPTS.askSizes });
    const { id: dialogId = '', options } = await world().dialogWithWords(id);
    const option = options.indexOf('Middling');
    expect(option, await world().tale(id)).toBe(1);
    await client.call('answerDialog', { id, dialogId, option });
    await world().answered('Middling');
    expect(await world().needs(id), await world().tale(id)).toMatchObject({ outcome: 'idle' });
    expect(await client.call('closeTask', { id })).toMatchObject({ outcome: 'closed' });
  });
});
