import { randomUUID } from 'node:crypto';
import { ApiClient } from '@roundhouse/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PlayedRunner } from '../testing/played-runner.ts';
import { type Owner, type StartedCoordinator, startedCoordinator } from '../testing/started-coordinator.ts';

let service: StartedCoordinator;
beforeAll(async () => {
  service = await startedCoordinator();
});
afterAll(() => service.stop());

async function runningTask(owner: Owner) {
  const { id } = await owner.client.call('createTask', { name: 'a task', prompt: 'do it' });
  const runner = await PlayedRunner.start(service, id);
  await runner.acceptPrompts();
  const { subtaskToken, doneToken } = runner.assignment;
  const agent = new ApiClient({ baseUrl: service.url, token: subtaskToken, doneToken });
  return { id, runner, agent };
}

const question = 'Which parser?';
const options = ['strict', 'lenient'];

describe('a question of a sub-task', () => {
  it('CV-12: wakes the coordinator’s wait, and its answer is the result of the call that waits', async () => {
    const owner = await service.newOwner();
    const { id, runner, agent } = await runningTask(owner);
    const asked = agent.call('askQuestion', { id, question, options });
    const { outcome, notice, cursor } = await owner.client.call('waitSignal', { timeoutMs: 10_000 });
    expect([outcome, notice?.question]).toMatchObject(['question', { text: question, options }]);
    expect(await owner.client.call('waitForIdle', { id, timeoutMs: 0 })).toMatchObject({
      outcome: 'question',
      task: { questions: [{ text: question }], attention: expect.stringContaining('answer_question') as string },
    });
    const questionId = notice?.question?.id ?? '';
    await owner.client.call('answerQuestion', { id, questionId, answer: 'strict' });
    expect(await asked).toMatchObject({ outcome: 'answered', answer: 'strict', by: 'coordinator' });
    expect((await owner.client.call('getTask', { id })).questions).toEqual([]);
    expect(await owner.client.call('waitSignal', { timeoutMs: 0, cursor })).toMatchObject({ notice: null });
    await runner.hangUp();
  });

  it('CV-13: asked again it is the same question, and gives the same answer, with and without its requestId', async () => {
    const owner = await service.newOwner();
    const { id, runner, agent } = await runningTask(owner);
    const first = await agent.call('askQuestion', { id, question, timeoutMs: 0 });
    expect(first).toMatchObject({ outcome: 'open', answer: null });
    const { requestId } = first;
    expect(await agent.call('askQuestion', { id, question, timeoutMs: 0 })).toMatchObject({ requestId });
    expect((await owner.client.call('getTask', { id })).questions).toHaveLength(1);
    await service.operator.call('answerQuestion', { id, questionId: requestId, answer: 'both' });
    for (let times = 0; times < 2; times += 1)
      expect(await agent.call('askQuestion', { id, question, requestId, timeoutMs: 0 })).toMatchObject({
        outcome: 'answered',
        answer: 'both',
        by: 'human',
      });
    const open = Array.from({ length: 4 }, (_, index) =>
      agent.call('askQuestion', { id, question: `question ${index}`, timeoutMs: 0 }),
    );
    await Promise.all(open);
    await expect(agent.call('askQuestion', { id, question: 'a fifth', timeoutMs: 0 })).rejects.toMatchObject({
      code: 'questions_full',
    });
    await runner.hangUp();
  });

  it('CV-14: exactly one of many answers wins; the same one again is the same', async () => {
    const owner = await service.newOwner();
    const { id, runner, agent } = await runningTask(owner);
    // A person at the keyboard does not stand in the way.
    await service.operator.call('setControl', { id, holder: 'human' });
    const { requestId: questionId } = await agent.call('askQuestion', { id, question, timeoutMs: 0 });
    const answers = await Promise.allSettled(
      Array.from({ length: 8 }, (_, index) =>
        (index % 2 === 0 ? owner.client : service.operator).call('answerQuestion', {
          id,
          questionId,
          answer: `answer ${index}`,
        }),
      ),
    );
    const won = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value.outcome] : []));
    const lost = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason as unknown] : []));
    expect([won.length, lost.length]).toEqual([1, 7]);
    const text = won[0]?.state === 'answered' ? won[0].text : '';
    for (const error of lost) expect(error).toMatchObject({ code: 'question_answered', details: { answer: text } });
    expect(await agent.call('askQuestion', { id, question, requestId: questionId })).toMatchObject({ answer: text });
    const { requestId: other } = await agent.call('askQuestion', { id, question: 'and now?', timeoutMs: 0 });
    const answer = { id, questionId: other, answer: 'yes', requestId: randomUUID() };
    expect(await owner.client.call('answerQuestion', answer)).toEqual(
      await owner.client.call('answerQuestion', answer),
    );
    await expect(
      owner.client.call('answerQuestion', { id, questionId: randomUUID(), answer: 'x' }),
    ).rejects.toMatchObject({ code: 'question_not_found' });
    await runner.hangUp();
  });

  it('CV-15: is over with its attempt, also for who waits; an attempt that is over asks and reports nothing', async () => {
    const owner = await service.newOwner();
    const { id, runner, agent } = await runningTask(owner);
    const waiting = agent.call('askQuestion', { id, question }).catch((error: unknown) => error);
    const { notice } = await owner.client.call('waitSignal', { timeoutMs: 10_000 });
    await runner.hangUp();
    await service.launcher.call('reportGone', { taskId: id, attempt: 1, kept: null, reason: null });
    expect(await waiting).toMatchObject({ code: expect.stringMatching(/question_over|unauthenticated/) as string });
    const questionId = notice?.question?.id ?? '';
    await expect(owner.client.call('answerQuestion', { id, questionId, answer: 'late' })).rejects.toMatchObject({
      code: 'question_over',
    });
    for (const call of [
      agent.call('askQuestion', { id, question: 'x' }),
      agent.call('makeReport', { id, kind: 'blocked', text: 'x' }),
    ])
      await expect(call).rejects.toMatchObject({ code: 'unauthenticated' });
    expect((await owner.client.call('getTask', { id })).questions).toEqual([]);
  });
});

describe('notices that stand beside each other', () => {
  it('CV-16: a signal swallows neither a question nor a report, nor they the signal; each is handed out once', async () => {
    const owner = await service.newOwner();
    const { id, runner, agent } = await runningTask(owner);
    await agent.call('askQuestion', { id, question, timeoutMs: 0 });
    await agent.call('makeReport', { id, kind: 'out_of_scope', text: 'the build is broken on main' });
    const done = agent.call('signalDone', { id, summary: 'done' });
    await runner.publish(await runner.push('a.txt', 'a\n'));
    await done;
    await agent.call('makeReport', { id, kind: 'blocked', text: 'no key' });
    const heard: string[] = [];
    let cursor: string | undefined;
    for (let times = 0; times < 4; times += 1) {
      const answer = await owner.client.call('waitSignal', {
        timeoutMs: 10_000,
        ...(cursor === undefined ? {} : { cursor }),
      });
      heard.push(answer.notice?.report?.kind ?? answer.outcome);
      ({ cursor } = answer);
    }
    expect(heard).toEqual(['question', 'out_of_scope', 'signal', 'blocked']);
    expect(
      await owner.client.call('waitSignal', { timeoutMs: 0, ...(cursor === undefined ? {} : { cursor }) }),
    ).toMatchObject({ outcome: 'nothing_live' });
    await runner.hangUp();
  });
});

describe('reports of a sub-task', () => {
  it('CV-17: are kept, told as events, change no state, and wake nobody where they are partial', async () => {
    const owner = await service.newOwner();
    const { id, runner, agent } = await runningTask(owner);
    const before = await owner.client.call('getTask', { id });
    const requestId = randomUUID();
    const partial = { id, kind: 'partial', text: 'x'.repeat(4_000), requestId } as const;
    expect(await agent.call('makeReport', partial)).toEqual(await agent.call('makeReport', partial));
    expect(await owner.client.call('waitSignal', { timeoutMs: 0 })).toMatchObject({ outcome: 'timeout' });
    const after = await owner.client.call('getTask', { id });
    expect(after.reports).toMatchObject([{ kind: 'partial', text: 'x'.repeat(500) }]);
    const { lifecycle, activity, completion, landing, control, settled } = after;
    expect(before).toMatchObject({ lifecycle, activity, completion, landing, control, settled });
    for (let times = 0; times < 21; times += 1)
      await agent.call('makeReport', { id, kind: 'partial', text: `report ${times}` });
    const { reports, kept } = await owner.client.call('readReports', { id, limit: 20 });
    expect([reports.length, kept, reports[0]?.text, reports.at(-1)?.text]).toEqual([20, 20, 'report 20', 'report 1']);
    const { events } = await owner.client.call('waitForEvents', { kinds: ['report'], from: 'oldest', timeoutMs: 0 });
    expect(events).toHaveLength(22);
    await runner.hangUp();
  });
});
