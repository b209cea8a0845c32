import { setTimeout as pause } from 'node:timers/promises';
import { ApiClient, RoundhouseError } from '@roundhouse/contracts';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PlayedRunner } from '../testing/played-runner.ts';
import { type Owner, type StartedCoordinator, startedCoordinator } from '../testing/started-coordinator.ts';

let service: StartedCoordinator;
beforeAll(async () => {
  service = await startedCoordinator();
});
afterAll(() => service.stop());

/** A task whose agent has taken its prompt, with the runner that the test plays. */
async function runningTask(owner: Owner, name = 'a task') {
  const task = await owner.client.call('createTask', { name, prompt: 'do it' });
  const runner = await PlayedRunner.start(service, task.id);
  await runner.acceptPrompts();
  const { subtaskToken, doneToken } = runner.assignment;
  const agent = new ApiClient({ baseUrl: service.url, token: subtaskToken, doneToken });
  return { task, runner, agent };
}

async function signal(
  { task, runner, agent }: Awaited<ReturnType<typeof runningTask>>,
  file = 'a.txt',
): Promise<string> {
  const done = agent.call('signalDone', { id: task.id, summary: 'it is done' });
  const commit = await runner.push(file, `${task.id}\n`);
  await runner.publish(commit);
  await done;
  return commit;
}

describe('waiting for signals', () => {
  it('WT-1: a wait whose client died or timed out consumes nothing', async () => {
    const owner = await service.newOwner();
    const running = await runningTask(owner);
    const died = new AbortController();
    const dead = owner.client
      .call('waitSignal', { timeoutMs: 20_000 }, { signal: died.signal })
      .catch((error: unknown) => error);
    const timedOut = await owner.client.call('waitSignal', { timeoutMs: 100 });
    expect(timedOut).toMatchObject({ outcome: 'timeout', notice: null, remaining: 1 });
    died.abort();
    expect(await dead).toMatchObject({ name: 'AbortError' });
    const commit = await signal(running);
    const first = await owner.client.call('waitSignal', { timeoutMs: 5_000 });
    expect(first).toMatchObject({
      outcome: 'signal',
      notice: { taskId: running.task.id, commit, summary: 'it is done' },
      redelivered: false,
    });
    const second = await owner.client.call('waitSignal', { timeoutMs: 5_000, cursor: first.cursor });
    expect(second).toMatchObject({ outcome: 'nothing_live', remaining: 0 });
    await running.runner.hangUp();
  });

  it('WT-2: clients that vanish at the very moment of the signal lose nothing', async () => {
    const owner = await service.newOwner();
    const running = await runningTask(owner);
    const dead = Array.from({ length: 10 }, () => {
      const died = new AbortController();
      const call = owner.client.call('waitSignal', { timeoutMs: 20_000 }, { signal: died.signal }).catch(() => null);
      return { died, call };
    });
    await pause(50);
    const signalling = signal(running);
    for (const { died } of dead) died.abort();
    await signalling;
    const answers = (await Promise.all(dead.map(({ call }) => call))).filter((answer) => answer !== null);
    const later = await owner.client.call('waitSignal', { timeoutMs: 5_000 });
    const got = [...answers, later].filter(({ notice }) => notice?.taskId === running.task.id);
    expect(got).toHaveLength(1);
    await running.runner.hangUp();
  });

  it('WT-3: with nothing live the answer comes within 50 ms', async () => {
    const owner = await service.newOwner();
    const took: number[] = [];
    for (let round = 0; round < 10; round += 1) {
      const from = performance.now();
      const answer = await owner.client.call('waitSignal', { timeoutMs: 30_000 });
      took.push(performance.now() - from);
      expect(answer).toMatchObject({ outcome: 'nothing_live', remaining: 0, notice: null });
    }
    // The best of ten: a machine that is busy with other tests is no fault of the wait.
    expect(Math.min(...took)).toBeLessThan(50);
  });

  it('WT-3: nothing_live never overtakes the last signal', async () => {
    const owner = await service.newOwner();
    const { task, runner, agent } = await runningTask(owner);
    const commit = await runner.push('a.txt', 'x');
    for (let round = 0; round < 30; round += 1) {
      const signalling = agent.call('signalDone', { id: task.id }).then(() => undefined);
      const publishing = runner.publish(commit);
      let answer = await owner.client.call('waitSignal', { timeoutMs: 0 });
      while (answer.outcome === 'timeout') answer = await owner.client.call('waitSignal', { timeoutMs: 0 });
      expect([round, answer.outcome]).toEqual([round, 'signal']);
      await Promise.all([signalling, publishing]);
      await owner.client.call('promptTask', { id: task.id, prompt: 'again' });
      await runner.acceptPrompts();
    }
    await runner.hangUp();
  });

  it('WT-4: a re-prompted running task counts in remaining, and its next signal is told', async () => {
    const owner = await service.newOwner();
    const running = await runningTask(owner);
    await signal(running);
    expect(await owner.client.call('waitSignal', { timeoutMs: 5_000 })).toMatchObject({
      outcome: 'signal',
      remaining: 0,
    });
    await owner.client.call('promptTask', { id: running.task.id, prompt: 'more' });
    expect(await owner.client.call('waitSignal', { timeoutMs: 50 })).toMatchObject({
      outcome: 'timeout',
      remaining: 1,
    });
    await expect(owner.client.call('mergeTask', { id: running.task.id })).rejects.toMatchObject({
      code: 'not_signalled',
    });
    await running.runner.acceptPrompts();
    await signal(running, 'b.txt');
    expect(await owner.client.call('waitSignal', { timeoutMs: 5_000 })).toMatchObject({
      outcome: 'signal',
      remaining: 0,
    });
    await running.runner.hangUp();
  });

  it('WT-5: an exit, a failure and a landing wake every waiter', async () => {
    const owner = await service.newOwner();
    const live = await runningTask(owner, 'stays');
    const wakes = async (act: (task: Awaited<ReturnType<typeof runningTask>>) => Promise<void>, outcome: string) => {
      const running = await runningTask(owner);
      const waits = Array.from({ length: 4 }, () => owner.client.call('waitSignal', { timeoutMs: 10_000 }));
      await pause(50);
      await act(running);
      for (const answer of await Promise.all(waits)) {
        expect(answer).toMatchObject({ outcome, notice: { taskId: running.task.id }, remaining: 1 });
      }
      await running.runner.hangUp();
    };
    await wakes(({ runner }) => runner.report({ type: 'agent_exited', code: 1, signal: null }), 'ended');
    await wakes(({ runner }) => runner.report({ type: 'attempt_failed', reason: 'no such program' }), 'ended');
    await wakes(async ({ task, runner, agent }) => {
      const landed = agent.call('landSelf', { id: task.id });
      await runner.publish(await runner.push('landed.txt', 'x'));
      expect(await landed).toMatchObject({ outcome: 'landed' });
    }, 'landed');
    await live.runner.hangUp();
  });

  it('WT-6: a signal goes to exactly one of many waiters', async () => {
    const owner = await service.newOwner();
    const live = await runningTask(owner, 'stays');
    const running = await runningTask(owner);
    const waits = Array.from({ length: 5 }, () => owner.client.call('waitSignal', { timeoutMs: 4_000 }));
    await pause(50);
    await signal(running);
    const outcomes = (await Promise.all(waits)).map(({ outcome }) => outcome).sort();
    expect(outcomes).toEqual(['signal', 'timeout', 'timeout', 'timeout', 'timeout']);
    await running.runner.hangUp();
    await live.runner.hangUp();
  });

  it('WT-7: what was neither acknowledged nor acted upon is handed out again', async () => {
    const owner = await service.newOwner();
    const running = await runningTask(owner);
    await signal(running);
    const first = await owner.client.call('waitSignal', { timeoutMs: 5_000 });
    expect(await owner.client.call('waitSignal', { timeoutMs: 100 })).toMatchObject({ outcome: 'nothing_live' });
    // Two minutes pass for this notice alone.
    const redis = new Redis(service.redis.connection);
    await redis.zadd(`{rh}:coordinator:${owner.id}:notices`, Date.now() - 1, running.task.id);
    redis.disconnect();
    const again = await owner.client.call('waitSignal', { timeoutMs: 5_000 });
    expect(again).toMatchObject({ outcome: 'signal', redelivered: true, notice: { id: first.notice?.id } });
    await owner.client.call('waitSignal', { timeoutMs: 0, cursor: again.cursor });
    expect((await owner.client.call('getTask', { id: running.task.id })).delivery.state).toBe('acknowledged');
    await running.runner.hangUp();
  });

  it('WT-8: the same requestId gives the same answer and consumes nothing', async () => {
    const owner = await service.newOwner();
    const [one, other] = [await runningTask(owner, 'one'), await runningTask(owner, 'other')];
    await signal(one);
    const requestId = '7c0e5a52-6b1e-4a47-8f3a-2d1f6a7b8c9d';
    const first = await owner.client.call('waitSignal', { timeoutMs: 5_000, requestId });
    await signal(other, 'b.txt');
    expect(await owner.client.call('waitSignal', { timeoutMs: 5_000, requestId })).toEqual(first);
    const second = await owner.client.call('waitSignal', { timeoutMs: 5_000 });
    expect(second).toMatchObject({ notice: { taskId: other.task.id } });
    // What came since is acknowledged along with the repetition.
    const { cursor } = second;
    expect(await owner.client.call('waitSignal', { timeoutMs: 5_000, requestId, cursor })).toEqual(first);
    expect((await owner.client.call('getTask', { id: other.task.id })).delivery.state).toBe('acknowledged');
    await one.runner.hangUp();
    await other.runner.hangUp();
  });

  it('WT-9: times out of range are refused', async () => {
    const owner = await service.newOwner();
    for (const timeoutMs of [-5, 3e9, '5', null]) {
      const answer = await fetch(`${service.url}/api/wait-signal`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${owner.token}`,
          'x-coordinator-id': owner.id,
          'content-type': 'application/json',
        },
        body: JSON.stringify({ timeoutMs }),
      });
      expect([timeoutMs, answer.status, ((await answer.json()) as { error: { code: string } }).error.code]).toEqual([
        timeoutMs,
        400,
        'validation_failed',
      ]);
    }
  });

  it('WT-10: an idle report from before a prompt does not end a wait for idle', async () => {
    const owner = await service.newOwner();
    const { task, runner } = await runningTask(owner);
    const idle = { state: 'idle', evidence: 'status', question: null, at: new Date().toISOString() } as const;
    await runner.report({ type: 'activity', activity: idle });
    expect(await owner.client.call('waitForIdle', { id: task.id, timeoutMs: 5_000 })).toMatchObject({
      outcome: 'idle',
    });
    await owner.client.call('promptTask', { id: task.id, prompt: 'more' });
    expect(await owner.client.call('waitForIdle', { id: task.id, timeoutMs: 50 })).toMatchObject({
      outcome: 'timeout',
    });
    await runner.acceptPrompts();
    expect(await owner.client.call('waitForIdle', { id: task.id, timeoutMs: 50 })).toMatchObject({
      outcome: 'timeout',
    });
    await runner.report({ type: 'activity', activity: idle });
    expect(await owner.client.call('waitForIdle', { id: task.id, timeoutMs: 5_000 })).toMatchObject({
      outcome: 'idle',
    });
    await runner.hangUp();
  });

  it('TL-4: a sandbox that is gone is a lost attempt: the next one gets all prompts again', async () => {
    const owner = await service.newOwner();
    const { task, runner } = await runningTask(owner);
    await owner.client.call('promptTask', { id: task.id, prompt: 'more' });
    await service.launcher.call('reportGone', { taskId: task.id, attempt: 1, kept: null, reason: 'it was killed' });
    expect(await runner.closed()).toBe(4001);
    expect(await owner.client.call('getTask', { id: task.id })).toMatchObject({
      attempt: 2,
      lifecycle: { state: 'queued' },
    });
    const second = await PlayedRunner.start(service, task.id, 2);
    const { prompts } = await second.desired('both prompts', (desired) => desired.prompts.length === 2);
    expect(prompts.map(({ text }) => text)).toEqual(['do it', 'more']);
    await second.hangUp();
  });

  it('WT-5: what the coordinator closes itself is no news, but the last close ends the wait', async () => {
    const owner = await service.newOwner();
    const tasks = [
      await owner.client.call('createTask', { name: 'a', prompt: 'x' }),
      await owner.client.call('createTask', { name: 'b', prompt: 'x' }),
    ];
    const wait = owner.client.call('waitSignal', { timeoutMs: 20_000 });
    await pause(50);
    for (const { id } of tasks)
      expect(await owner.client.call('closeTask', { id })).toMatchObject({ outcome: 'closed' });
    expect(await wait).toMatchObject({ outcome: 'nothing_live', remaining: 0 });
  });

  it('PR-4: a signal that comes while a prompt is being delivered survives, and the prompt is delivered', async () => {
    const owner = await service.newOwner();
    const running = await runningTask(owner);
    const { task, runner } = running;
    const receipt = await owner.client.call('promptTask', { id: task.id, prompt: 'more' });
    await runner.desired('the second prompt', ({ prompts }) => prompts.some(({ id }) => id === receipt.id));
    await runner.report({ type: 'prompt', promptId: receipt.id, state: 'written' });
    const commit = await signal(running);
    const first = await owner.client.call('waitSignal', { timeoutMs: 5_000 });
    expect(first).toMatchObject({ outcome: 'signal', notice: { epoch: 1, commit }, remaining: 1 });
    await expect(owner.client.call('mergeTask', { id: task.id })).rejects.toMatchObject({ code: 'not_signalled' });
    await runner.report({ type: 'prompt', promptId: receipt.id, state: 'accepted' });
    const later = await owner.client.call('getTask', { id: task.id });
    expect(later.completion).toMatchObject({ state: 'signalled', signal: { commit, epoch: 1, afterPrompt: 1 } });
    expect(later.prompts.map(({ state }) => state)).toEqual(['accepted', 'accepted']);
    await signal(running, 'b.txt');
    expect(await owner.client.call('waitSignal', { timeoutMs: 5_000, cursor: first.cursor })).toMatchObject({
      outcome: 'signal',
      remaining: 0,
    });
    await runner.hangUp();
  });

  it('TL-7: merge and land with one key are one landing and one answer', async () => {
    const owner = await service.newOwner();
    const merged = await runningTask(owner, 'merged');
    await signal(merged, 'merged.txt');
    const merge = () => owner.client.call('mergeTask', { id: merged.task.id }, { idempotencyKey: 'merge' });
    const answers = await Promise.all([merge(), merge(), merge()]);
    expect(answers[0]).toMatchObject({ outcome: 'landed' });
    expect(answers[1]).toEqual(answers[0]);
    expect(answers[2]).toEqual(answers[0]);
    expect(await merge()).toEqual(answers[0]);
    const landed = await runningTask(owner, 'landed');
    const land = () => landed.agent.call('landSelf', { id: landed.task.id }, { idempotencyKey: 'land' });
    const calls = Promise.all([land(), land()]);
    await landed.runner.publish(await landed.runner.push('landed.txt', 'y'));
    const [one, two] = await calls;
    expect(one).toMatchObject({ outcome: 'landed' });
    expect(two).toEqual(one);
    expect(await land()).toEqual(one);
    await merged.runner.hangUp();
    await landed.runner.hangUp();
  });

  it('a refused signal names the files and is not a signal', async () => {
    const owner = await service.newOwner();
    const { task, runner, agent } = await runningTask(owner);
    const done = agent.call('signalDone', { id: task.id }).catch((error: unknown) => error);
    await runner.publish('a'.repeat(40), ['src/x.ts']);
    const error = await done;
    expect(error).toBeInstanceOf(RoundhouseError);
    expect(error).toMatchObject({ code: 'uncommitted_changes', details: { files: ['src/x.ts'] } });
    expect(await owner.client.call('waitSignal', { timeoutMs: 50 })).toMatchObject({
      outcome: 'timeout',
      remaining: 1,
    });
    await runner.hangUp();
  });
});
