import { randomUUID } from 'node:crypto';
import { ApiClient, type Desired } from '@roundhouse/contracts';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitFor } from '../testing/eventually.ts';
import { PlayedRunner } from '../testing/played-runner.ts';
import { type Owner, type StartedCoordinator, startedCoordinator } from '../testing/started-coordinator.ts';

let service: StartedCoordinator;
let owner: Owner;
beforeAll(async () => {
  service = await startedCoordinator();
  owner = await service.newOwner();
});
afterAll(() => service.stop());

async function person(label: string): Promise<ApiClient> {
  const { token } = await service.operator.call('createToken', { role: 'operator', label });
  return new ApiClient({ baseUrl: service.url, token });
}

async function runningTask(of: Owner = owner) {
  const { id } = await of.client.call('createTask', { name: 'a task', prompt: 'do it' });
  const runner = await PlayedRunner.start(service, id);
  await runner.acceptPrompts();
  const { subtaskToken, doneToken } = runner.assignment;
  const agent = new ApiClient({ baseUrl: service.url, token: subtaskToken, doneToken });
  return { id, runner, agent };
}

const texts = ({ prompts }: Desired): string[] => prompts.map(({ text }) => text);
const send = (id: string, prompt: string) => owner.client.call('promptTask', { id, prompt });

/** Has the runner of the test type all that waits, in order. */
async function typeAll(runner: PlayedRunner, shown = true): Promise<string[]> {
  const { inputs } = await runner.desired('an input', (desired) => desired.inputs.length > 0);
  for (const { id } of inputs) await runner.report({ type: 'input', inputId: id, typed: true, shown });
  return inputs.map(({ text }) => text);
}

describe('a person at the keyboard', () => {
  it('CV-1: takes it, keeps it and hands it back; another person only with force', async () => {
    const [ada, bob] = await Promise.all([person('Ada’s laptop'), person('Bob’s laptop')]);
    const { id } = await owner.client.call('createTask', { name: 'x', prompt: 'x' });
    const first = await ada.call('setControl', { id, holder: 'human', forMs: 60_000 });
    expect(first.control).toMatchObject({ holder: 'human', who: { label: 'Ada’s laptop' } });
    const longer = await ada.call('setControl', { id, holder: 'human', forMs: 600_000 });
    expect(Date.parse(untilOf(longer))).toBeGreaterThan(Date.parse(untilOf(first)));
    const refusal = { code: 'human_control', details: { until: untilOf(longer), holder: { label: 'Ada’s laptop' } } };
    await expect(bob.call('setControl', { id, holder: 'human' })).rejects.toMatchObject(refusal);
    await expect(bob.call('setControl', { id, holder: 'coordinator' })).rejects.toMatchObject(refusal);
    const taken = await bob.call('setControl', { id, holder: 'human', force: true });
    expect(taken.control).toMatchObject({ who: { label: 'Bob’s laptop' } });
    await expect(ada.call('setControl', { id, holder: 'coordinator' })).rejects.toMatchObject({
      code: 'human_control',
    });
    expect(await bob.call('setControl', { id, holder: 'coordinator' })).toMatchObject({
      control: { holder: 'coordinator' },
    });
  });

  const untilOf = ({ control }: { control: { holder: string; until?: string } }): string => control.until ?? '';

  it('CV-2, CV-3: prompts are held and not handed to the runner; the hold ends by itself, is told, and they follow in order', async () => {
    const ada = await person('Ada');
    const { id, runner } = await runningTask();
    await ada.call('setControl', { id, holder: 'human', forMs: 1_500 });
    expect(await send(id, 'one')).toMatchObject({ state: 'queued', held: true });
    expect(await send(id, 'two')).toMatchObject({ state: 'queued', held: true });
    const mine = await ada.call('promptTask', { id, prompt: 'the holder’s own' });
    expect(mine).toMatchObject({ held: false });
    const during = await runner.desired('the holder’s prompt', ({ prompts }) => prompts.length > 0);
    expect([texts(during), during.held]).toEqual([['the holder’s own'], true]);
    await runner.report({ type: 'prompt', promptId: mine.id, state: 'written' });
    await runner.report({ type: 'prompt', promptId: mine.id, state: 'accepted' });
    const { events } = await owner.client.call('waitForEvents', {
      kinds: ['control'],
      taskIds: [id],
      from: 'oldest',
      timeoutMs: 0,
    });
    expect(events.map(({ control }) => control)).toEqual([{ by: 'human' }]);
    // Nobody does anything: the time alone gives it back.
    const after = await runner.desired('what was held', ({ prompts, held }) => !held && prompts.length === 2);
    expect(texts(after)).toEqual(['one', 'two']);
    const next = await owner.client.call('waitForEvents', {
      kinds: ['control'],
      taskIds: [id],
      cursor: events.at(-1)?.cursor ?? '',
      timeoutMs: 10_000,
    });
    expect(next.events[0]?.control).toEqual({ by: 'coordinator' });
    await runner.hangUp();
  });

  it('CV-4: gates the wait for idle, landing and close for all but people, and land_self before anything is pushed', async () => {
    const ada = await person('Ada');
    const { id, runner, agent } = await runningTask();
    const signalled = agent.call('signalDone', { id });
    const commit = await runner.push('a.txt', 'a\n');
    await runner.publish(commit);
    await signalled;
    await ada.call('setControl', { id, holder: 'human' });
    expect(await owner.client.call('waitForIdle', { id, timeoutMs: 0 })).toMatchObject({ outcome: 'human_control' });
    const refused = { code: 'human_control', details: { holder: { label: 'Ada' } } };
    await expect(owner.client.call('mergeTask', { id })).rejects.toMatchObject(refused);
    await expect(owner.client.call('closeTask', { id })).rejects.toMatchObject(refused);
    await expect(agent.call('landSelf', { id })).rejects.toMatchObject(refused);
    expect((await owner.client.call('getTask', { id })).landing).toEqual({ state: 'none' });
    // The holder themselves may.
    expect(await ada.call('mergeTask', { id })).toMatchObject({ outcome: 'landed' });
    await runner.hangUp();
  });

  it('CV-4: a land_self that a person takes the keyboard under is a signal, and does not land', async () => {
    const ada = await person('Ada');
    const { id, runner, agent } = await runningTask();
    const landing = agent.call('landSelf', { id }).catch((error: unknown) => error);
    const commit = await runner.push('b.txt', 'b\n');
    await runner.desired('a publish', ({ publish }) => publish !== null);
    await ada.call('setControl', { id, holder: 'human' });
    await runner.publish(commit);
    expect(await landing).toMatchObject({ code: 'human_control', details: { commit } });
    const task = await owner.client.call('getTask', { id });
    expect([task.completion.state, task.landing.state, task.delivery.state]).toEqual(['signalled', 'none', 'pending']);
    await runner.hangUp();
  });

  it('CV-5: what the holder types goes to the runner in order, each once, and is gone from the store when it is typed', async () => {
    const [ada, bob] = await Promise.all([person('Ada'), person('Bob')]);
    const { id, runner } = await runningTask();
    await expect(ada.call('typeInput', { id, text: 'x' })).rejects.toMatchObject({ code: 'control_not_held' });
    await ada.call('setControl', { id, holder: 'human' });
    await expect(bob.call('typeInput', { id, text: 'x' })).rejects.toMatchObject({ code: 'human_control' });
    await expect(ada.call('typeInput', { id, text: 'ä'.repeat(2_049) })).rejects.toMatchObject({
      code: 'input_too_large',
    });
    const key = { idempotencyKey: randomUUID() };
    const [one, again] = [
      await ada.call('typeInput', { id, text: 'unmistakable \u001b[A\r' }, key),
      await ada.call('typeInput', { id, text: 'unmistakable \u001b[A\r' }, key),
    ];
    expect(again).toEqual(one);
    await ada.call('typeInput', { id, text: '\u0003' });
    await runner.desired('two inputs', ({ inputs }) => inputs.length === 2);
    await runner.dialAgain();
    expect(await typeAll(runner)).toEqual(['unmistakable \u001b[A\r', '\u0003']);
    await ada.call('typeInput', { id, text: 's3cret-that-is-not-shown\r' });
    const { inputs } = await runner.desired('the next', (desired) =>
      desired.inputs.some(({ ordinal }) => ordinal === 3),
    );
    expect(inputs.map(({ ordinal }) => ordinal)).toEqual([3]);
    await typeAll(runner, false);
    const redis = new Redis(service.redis.connection);
    const record = await redis.hgetall(`{rh}:task:${id}`);
    const prompts = await redis.hgetall(`{rh}:task:${id}:prompts`);
    redis.disconnect();
    expect(JSON.stringify([record, prompts])).not.toContain('s3cret');
    await runner.hangUp();
  });

  it('CV-7: handing back tells what was typed, once all of it is, and what was held follows after that', async () => {
    const ada = await person('Ada');
    const mine = await service.newOwner();
    const { id, runner } = await runningTask(mine);
    await ada.call('setControl', { id, holder: 'human' });
    await ada.call('typeInput', { id, text: 'git status\r' });
    await typeAll(runner);
    await ada.call('typeInput', { id, text: 'hunter2\r' });
    await mine.client.call('promptTask', { id, prompt: 'go on' });
    await ada.call('setControl', { id, holder: 'coordinator' });
    const before = await runner.desired('the end of the hold', ({ held }) => !held);
    expect([texts(before), before.inputs.length]).toEqual([[], 1]);
    expect(await mine.client.call('waitSignal', { timeoutMs: 0 })).toMatchObject({ outcome: 'timeout' });
    await typeAll(runner, false);
    expect(texts(await runner.desired('the prompt', ({ prompts }) => prompts.length > 0))).toEqual(['go on']);
    const { outcome, notice, cursor } = await mine.client.call('waitSignal', { timeoutMs: 10_000 });
    expect([outcome, notice?.typed]).toEqual([
      'control',
      { lines: 2, text: 'git status⟨Enter⟩⟨not shown⟩⟨Enter⟩', cut: false },
    ]);
    expect(await mine.client.call('waitSignal', { timeoutMs: 0, cursor })).toMatchObject({ notice: null });
    await runner.hangUp();
  });
});

describe('prompts that are queued', () => {
  it('CV-9: are edited and withdrawn at once where nobody has them', async () => {
    const { id, prompts } = await owner.client.call('createTask', { name: 'x', prompt: 'first' });
    const promptId = prompts[0]?.id ?? '';
    const other = await send(id, 'other');
    expect(await owner.client.call('editPrompt', { id, promptId, prompt: 'better' })).toMatchObject({
      state: 'queued',
      revision: 2,
      bytes: 6,
    });
    const gone = await owner.client.call('withdrawPrompt', { id, promptId: other.id });
    expect(gone).toMatchObject({ state: 'withdrawn' });
    expect(await owner.client.call('withdrawPrompt', { id, promptId: other.id })).toEqual(gone);
    const edit = { id, promptId: other.id, prompt: 'x' };
    await expect(owner.client.call('editPrompt', edit)).rejects.toMatchObject({ code: 'prompt_not_queued' });
    await expect(owner.client.call('editPrompt', { ...edit, promptId: randomUUID() })).rejects.toMatchObject({
      code: 'prompt_not_found',
    });
    const runner = await PlayedRunner.start(service, id);
    const { prompts: wanted } = await runner.desired('the prompt', (desired) => desired.prompts.length > 0);
    expect(wanted).toEqual([{ id: promptId, ordinal: 1, revision: 2, text: 'better' }]);
    await runner.hangUp();
  });

  it('CV-10: where a runner has them its word decides, and says which text was delivered', async () => {
    const { id, runner } = await runningTask();
    const { id: promptId } = await send(id, 'old');
    const edited = owner.client.call('editPrompt', { id, promptId, prompt: 'new' });
    const { recalls } = await runner.desired('a recall', (desired) => desired.recalls.length > 0);
    expect(recalls).toMatchObject([{ promptId, revision: 1 }]);
    await runner.report({ type: 'prompt_recalled', promptId, recallId: recalls[0]?.id ?? '', recalled: true });
    expect(await edited).toMatchObject({ revision: 2, state: 'queued' });
    expect(texts(await runner.desired('the new text', ({ recalls: left }) => left.length === 0))).toEqual(['new']);
    // This time it is being typed already.
    const withdrawn = owner.client.call('withdrawPrompt', { id, promptId }).catch((error: unknown) => error);
    const again = await runner.desired('a recall', (desired) => desired.recalls.length > 0);
    const recallId = again.recalls[0]?.id ?? '';
    await runner.report({ type: 'prompt_recalled', promptId, recallId, recalled: false });
    expect(await withdrawn).toMatchObject({ code: 'prompt_not_queued' });
    await runner.report({ type: 'prompt', promptId, state: 'written' });
    await expect(owner.client.call('editPrompt', { id, promptId, prompt: 'late' })).rejects.toMatchObject({
      code: 'prompt_not_queued',
    });
    await runner.hangUp();
  });

  it('CV-11: a recall whose runner is lost is done, since nobody is left to type the old text', async () => {
    const { id, runner } = await runningTask();
    const { id: promptId } = await send(id, 'old');
    const edited = owner.client.call('editPrompt', { id, promptId, prompt: 'new' });
    await runner.desired('a recall', (desired) => desired.recalls.length > 0);
    await runner.hangUp();
    await service.launcher.call('reportGone', { taskId: id, attempt: 1, kept: null, reason: null });
    expect(await edited).toMatchObject({ revision: 2, state: 'queued' });
    await waitFor('the next attempt', async () => (await owner.client.call('getTask', { id })).attempt === 2);
    const second = await PlayedRunner.start(service, id, 2);
    expect(texts(await second.desired('the prompts', ({ prompts }) => prompts.length === 2))).toEqual(['do it', 'new']);
    await second.hangUp();
  });
});
