import { randomUUID } from 'node:crypto';
import { type Activity, ApiClient } from '@roundhouse/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitFor } from '../testing/eventually.ts';
import { PlayedRunner } from '../testing/played-runner.ts';
import { type Owner, type StartedCoordinator, startedCoordinator } from '../testing/started-coordinator.ts';

let service: StartedCoordinator;
let owner: Owner;
let boss: ApiClient;
beforeAll(async () => {
  service = await startedCoordinator({ notifications: { urgentMs: 100, againMs: 60_000 } });
  owner = await service.newOwner();
  boss = new ApiClient({ baseUrl: service.url, token: service.operatorToken, coordinatorId: owner.id });
});
afterAll(() => service.stop());

const activity = (state: Activity['state']): { type: 'activity'; activity: Activity } => ({
  type: 'activity',
  activity: { state, evidence: 'status', question: null, at: new Date().toISOString() },
});

/** What the agent of a hosted coordinator coordinates with. */
function agentOf({ assignment: { coordinator } }: PlayedRunner): ApiClient {
  if (coordinator === undefined) throw new Error('the assignment has no coordinator token');
  return new ApiClient({ baseUrl: service.url, token: coordinator.token, coordinatorId: coordinator.id });
}

async function hosted(input: { name?: string } = {}) {
  const { coordinator, task } = await boss.call('runCoordinator', { name: 'TODO', prompt: 'work', ...input });
  const runner = await PlayedRunner.start(service, task.id);
  return { coordinator, task, runner };
}

/** A sub-task that cannot run: news of the urgent kind without an agent. */
async function failingTask(client: ApiClient, name: string): Promise<string> {
  const { id } = await client.call('createTask', { name, prompt: 'x' });
  const { assignment } = await service.launcher.call('claimAttempt', { taskId: id, attempt: 1 });
  expect(assignment.coordinator).toBeUndefined();
  const runner = await PlayedRunner.start(service, id);
  await runner.report({ type: 'attempt_failed', reason: 'no such program' });
  await runner.hangUp();
  return id;
}

const texts = async (runner: PlayedRunner): Promise<string> =>
  (await runner.desired('a prompt', ({ prompts }) => prompts.length > 0)).prompts.map(({ text }) => text).join('\n');

describe('hosted coordinators', () => {
  it('NO-13: a task whose agent is a coordinator: of its own sub-tasks, not of itself, and never of its owner’s', async () => {
    const key = { idempotencyKey: randomUUID() };
    const input = { name: 'TODO', prompt: 'work through TODO.md' };
    const { coordinator, task } = await boss.call('runCoordinator', input, key);
    expect((await boss.call('runCoordinator', input, key)).task.id).toBe(task.id);
    expect(task).toMatchObject({ coordinatorId: owner.id, hosts: coordinator.id });
    expect(coordinator).toMatchObject({ hostTaskId: task.id, projectId: service.projectId });
    const runner = await PlayedRunner.start(service, task.id);
    const agent = agentOf(runner);
    expect(await agent.call('whoami', {})).toEqual({
      role: 'coordinator',
      coordinatorId: coordinator.id,
      host: { taskId: task.id, attempt: 1 },
    });
    const sub = await agent.call('createTask', { name: 'a sub-task', prompt: 'x' });
    expect((await agent.call('listTasks', {})).tasks.map(({ id }) => id)).toEqual([sub.id]);
    expect((await owner.client.call('listTasks', {})).tasks.map(({ id }) => id)).toContain(task.id);
    await expect(agent.call('getTask', { id: task.id })).rejects.toMatchObject({ code: 'task_not_found' });
    await expect(agent.call('configureNotifications', { webhookUrl: 'https://example.org/' })).rejects.toMatchObject({
      code: 'forbidden',
    });
    await agent.call('configureNotifications', { delaySeconds: 5 });
    await expect(boss.call('runCoordinator', { ...input, baseBranch: 'no-such-branch' })).rejects.toMatchObject({
      code: 'branch_not_found',
    });
    await runner.hangUp();
  });

  it('NO-14: its token ends with its attempt; a retry gets another, and finds the same sub-tasks', async () => {
    const { coordinator, task, runner } = await hosted();
    const first = agentOf(runner);
    const sub = await first.call('createTask', { name: 'a sub-task', prompt: 'x' });
    expect(
      (await service.operator.call('listTokens', { limit: 200 })).tokens.map(({ identity }) => identity),
    ).not.toContainEqual(await first.call('whoami', {}));
    await runner.hangUp();
    await service.launcher.call('reportGone', { taskId: task.id, attempt: 1, kept: null, reason: 'lost' });
    await expect(first.call('listTasks', {})).rejects.toMatchObject({ code: 'unauthenticated' });
    const again = await PlayedRunner.start(service, task.id, 2);
    const second = agentOf(again);
    expect((await second.call('listTasks', {})).tasks.map(({ id }) => id)).toEqual([sub.id]);
    await again.report({ type: 'agent_exited', code: 0, signal: null });
    await expect(second.call('listTasks', {})).rejects.toMatchObject({ code: 'unauthenticated' });
    const operator = new ApiClient({
      baseUrl: service.url,
      token: service.operatorToken,
      coordinatorId: coordinator.id,
    });
    expect((await operator.call('getTask', { id: sub.id })).lifecycle.state).toBe('queued');
    await again.hangUp();
  });

  it('NO-15: it is told by a prompt with a receipt, once it is idle and nobody else types; once only', async () => {
    const { task, runner } = await hosted();
    const agent = agentOf(runner);
    await runner.acceptPrompts();
    await runner.report(activity('busy'));
    const failed = await failingTask(agent, 'one\u202e "quoted"');
    // Busy: it is put off, untold, however long that lasts.
    const pending = async () => (await agent.call('getNotifications', {})).entries;
    await waitFor('a look', async () => {
      const [entry] = await pending();
      return entry !== undefined && Date.parse(entry.dueAt) - Date.parse(entry.at) > 30_000;
    });
    expect(await pending()).toMatchObject([{ kind: 'failed', told: 0 }]);
    await boss.call('setControl', { id: task.id, holder: 'human', forMs: 600_000 });
    await runner.report(activity('idle'));
    expect(await pending()).toMatchObject([{ told: 0 }]);
    await boss.call('setControl', { id: task.id, holder: 'coordinator' });
    const text = await texts(runner);
    expect(text).toMatch(/^\[roundhouse notification\]/);
    expect(text).toContain(failed);
    expect(text).toContain('no such program');
    const [entry] = await pending();
    expect(text).toContain(entry?.id ?? 'an id');
    expect((await boss.call('getTask', { id: task.id })).prompts).toMatchObject([
      { ordinal: 1, state: 'accepted' },
      { ordinal: 2, state: 'queued' },
    ]);
    await runner.acceptPrompts();
    await runner.report(activity('busy'));
    await runner.report(activity('idle'));
    // It was told; that it was busy for a while makes it no news.
    const later = await failingTask(agent, 'two');
    const second = await texts(runner);
    expect(second).toContain(later);
    expect(second).not.toContain(failed);
    await runner.acceptPrompts();

    // A person's own message: everything that is still there is told after it.
    await runner.report(activity('idle'));
    await boss.call('setControl', { id: task.id, holder: 'human', forMs: 600_000 });
    await boss.call('setControl', { id: task.id, holder: 'coordinator' });
    const third = await texts(runner);
    expect(third).toContain(failed);
    expect(third).toContain(later);
    await runner.hangUp();
  });

  it('NO-16: once it has signalled nothing more is typed to it, so that its word stays its last', async () => {
    const { task, runner } = await hosted();
    const agent = agentOf(runner);
    await runner.acceptPrompts();
    const { subtaskToken: token, doneToken } = runner.assignment;
    const self = new ApiClient({ baseUrl: service.url, token, doneToken });
    const commit = await runner.push('notes.md', 'all done');
    const done = self.call('signalDone', { id: task.id, summary: 'all done' });
    await runner.publish(commit);
    await done;
    await runner.report(activity('idle'));
    await failingTask(agent, 'late');
    await waitFor('a look', async () => {
      const [entry] = (await agent.call('getNotifications', {})).entries;
      return entry !== undefined && Date.parse(entry.dueAt) - Date.parse(entry.at) > 30_000;
    });
    const after = await boss.call('getTask', { id: task.id });
    expect(after.prompts).toHaveLength(1);
    expect(after.settled).toBe(true);
    expect((await boss.call('mergeTask', { id: task.id })).outcome).toBe('landed');
    await runner.hangUp();
  });
});
