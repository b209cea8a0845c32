import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Question } from '@roundhouse/contracts';
import { PlayedRunner } from '../testing/played-runner.ts';
import { type Owner, type StartedCoordinator, startedCoordinator } from '../testing/started-coordinator.ts';

let service: StartedCoordinator;
beforeAll(async () => {
  service = await startedCoordinator();
});
afterAll(() => service.stop());

const question: Question = { kind: 'permission', text: 'May I?', options: ['Yes', 'No'], id: 'dialog-1', selected: 0 };

/** A task whose agent shows a dialog, with the runner that the test plays. */
async function asking(owner: Owner, shown: Question = question) {
  const { id } = await owner.client.call('createTask', { name: 'asks', prompt: 'do it' });
  const runner = await PlayedRunner.start(service, id);
  await runner.acceptPrompts();
  const at = new Date().toISOString();
  await runner.report({
    type: 'activity',
    activity: { state: 'waiting_input', evidence: 'screen', question: shown, at },
  });
  return { id, runner };
}

describe('answers to dialogs over the API', () => {
  it('RA-14: an answer is wanted of the runner until it is told, and its caller hears what came of it', async () => {
    const owner = await service.newOwner();
    const { id, runner } = await asking(owner);
    expect(await owner.client.call('getTask', { id })).toMatchObject({
      attention: 'a dialog of the agent waits for an answer: answer_dialog gives it',
    });
    const answering = owner.client.call('answerDialog', { id, dialogId: 'dialog-1', option: 1 });
    const { answer } = await runner.desired('an answer', (desired) => desired.answer !== undefined);
    expect(answer).toMatchObject({ dialogId: 'dialog-1', option: 1 });
    const told = { dialogId: 'dialog-1', option: 1, label: 'No', by: 'coordinator', reason: null } as const;
    await runner.report({ type: 'dialog_answer', answerId: answer?.id ?? '', ...told, state: 'answered' });
    expect(await answering).toMatchObject({ ...told, state: 'answered' });
    await runner.desired('nothing more', (desired) => desired.answer === undefined);
    await runner.hangUp();
  });

  it('RA-23: text goes along where the option takes some, as long as it is wanted, and is refused elsewhere', async () => {
    const owner = await service.newOwner();
    const { id, runner } = await asking(owner, { ...question, textOptions: [1] });
    const answer = (option: number, text: string) =>
      owner.client.call('answerDialog', { id, dialogId: 'dialog-1', option, text });
    await expect(answer(0, 'use ls')).rejects.toMatchObject({ code: 'dialog_takes_no_text' });
    for (const text of ['', ' ', 'two\nlines', 'an \u001b[A arrow', 'x'.repeat(501)])
      await expect(answer(1, text)).rejects.toMatchObject({ code: 'validation_failed' });
    const answering = answer(1, 'use ls');
    const desired = await runner.desired('an answer', (wish) => wish.answer !== undefined);
    expect(desired.answer).toMatchObject({ dialogId: 'dialog-1', option: 1, text: 'use ls' });
    await expect(answer(1, 'use find')).rejects.toMatchObject({ code: 'dialog_gone' });
    const told = { dialogId: 'dialog-1', option: 1, label: 'No', by: 'coordinator', reason: null } as const;
    await runner.report({ type: 'dialog_answer', answerId: desired.answer?.id ?? '', ...told, state: 'answered' });
    expect(await answering).not.toHaveProperty('text');
    await runner.hangUp();
  });

  it('RA-14: what was not typed, or typed in vain, is an error that says so', async () => {
    const owner = await service.newOwner();
    for (const [state, code] of [['stale', 'dialog_gone'] as const, ['failed', 'dialog_unanswered'] as const]) {
      const { id, runner } = await asking(owner);
      const answering = owner.client.call('answerDialog', { id, dialogId: 'dialog-1', option: 0 });
      const refused = expect(answering).rejects.toMatchObject({ code });
      const { answer } = await runner.desired('an answer', (desired) => desired.answer !== undefined);
      const told = { dialogId: 'dialog-1', option: 0, label: 'Yes', by: 'coordinator', reason: 'so it was' } as const;
      await runner.report({ type: 'dialog_answer', answerId: answer?.id ?? '', ...told, state });
      await refused;
      await runner.hangUp();
    }
  });

  it('RA-15: only the dialog that is shown is answered, with an option that it has, and not while a person types', async () => {
    const owner = await service.newOwner();
    const { id, runner } = await asking(owner);
    for (const input of [
      { dialogId: 'dialog-2', option: 0 },
      { dialogId: 'dialog-1', option: 2 },
    ])
      await expect(owner.client.call('answerDialog', { id, ...input })).rejects.toMatchObject({ code: 'dialog_gone' });
    await service.operator.call('setControl', { id, holder: 'human' });
    await expect(owner.client.call('answerDialog', { id, dialogId: 'dialog-1', option: 0 })).rejects.toMatchObject({
      code: 'human_control',
    });
    const stranger = await service.newOwner();
    await expect(stranger.client.call('answerDialog', { id, dialogId: 'dialog-1', option: 0 })).rejects.toMatchObject({
      code: 'task_not_found',
    });
    await runner.hangUp();
  });

  it('RA-16: what a policy answered is kept and told of in the stream', async () => {
    const owner = await service.newOwner();
    const { id, runner } = await asking(owner);
    const answerId = '9d2e4f60-1b3c-4d5e-8f7a-6b5c4d3e2f10';
    const told = {
      dialogId: 'dialog-1',
      option: 0,
      label: 'Yes',
      by: 'policy',
      state: 'answered',
      reason: null,
    } as const;
    await runner.report({ type: 'dialog_answer', answerId, ...told });
    expect(await owner.client.call('getTask', { id })).toMatchObject({ dialogAnswer: told });
    const { events } = await owner.client.call('waitForEvents', { timeoutMs: 1_000, from: 'oldest' });
    expect(events.some(({ taskId, kinds }) => taskId === id && kinds.includes('dialog'))).toBe(true);
    await runner.hangUp();
  });
});
