import { randomUUID } from 'node:crypto';
import { type Activity, ApiClient, type NotificationMessage } from '@roundhouse/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EventSource } from '../../testing/event-source.ts';
import { waitFor } from '../../testing/eventually.ts';
import { PlayedRunner } from '../../testing/played-runner.ts';
import { type Owner, type StartedCoordinator, startedCoordinator } from '../../testing/started-coordinator.ts';

let service: StartedCoordinator;
beforeAll(async () => {
  service = await startedCoordinator({ notifications: { urgentMs: 300, againMs: 1_500 } });
});
afterAll(() => service.stop());

const activity = (state: Activity['state'], text?: string): Activity => ({
  state,
  evidence: 'status',
  question: text === undefined ? null : { kind: 'question', text, options: [] },
  at: new Date().toISOString(),
});

async function started(owner: Owner, name = 'a task', from = service): Promise<PlayedRunner> {
  const { id } = await owner.client.call('createTask', { name, prompt: 'x' });
  const runner = await PlayedRunner.start(from, id);
  await runner.acceptPrompts();
  return runner;
}

async function signals(runner: PlayedRunner, summary: string): Promise<string> {
  const { subtaskToken: token, doneToken } = runner.assignment;
  const agent = new ApiClient({ baseUrl: service.url, token, doneToken });
  const commit = await runner.push(`${randomUUID()}.txt`, summary);
  const done = agent.call('signalDone', { id: runner.assignment.taskId, summary });
  await runner.publish(commit);
  await done;
  return commit;
}

const box = async (owner: Owner) => await owner.client.call('getNotifications', {});

/** What a coordinator is told, as its event stream says it. */
async function listen(owner: Owner) {
  const source = await EventSource.open(`${service.url}/api/events?kinds=notification&from=oldest`, {
    authorization: `Bearer ${owner.token}`,
    'x-coordinator-id': owner.id,
  });
  source.read();
  const messages = (): NotificationMessage[] =>
    source.events.flatMap(({ notification }) => (notification === undefined ? [] : [notification]));
  const until = async (count: number): Promise<NotificationMessage> => {
    await source.until(`message ${count}`, () => messages().length >= count);
    return messages()[count - 1] as NotificationMessage;
  };
  return { messages, until, close: () => source.close() };
}

const dueInMs = (entry: { dueAt: string; at: string } | undefined): number =>
  Date.parse(entry?.dueAt ?? '') - Date.parse(entry?.at ?? '');

describe('the notification box', () => {
  it('NO-1, NO-2: what finished, is idle and failed is told at once in one message, one entry a task', async () => {
    const owner = await service.newOwner();
    const idle = await started(owner, 'idle one');
    await idle.report({ type: 'activity', activity: activity('waiting_input', 'Which?') });
    expect((await box(owner)).entries).toMatchObject([{ kind: 'waiting', detail: 'Which?', told: 0 }]);
    await idle.report({ type: 'activity', activity: activity('idle') });
    const [entry] = (await box(owner)).entries;
    expect(entry).toMatchObject({ kind: 'idle', taskName: 'idle one', attempt: 1 });
    // 30 s unless the coordinator says otherwise; the instants are of two clocks of one machine.
    expect(dueInMs(entry)).toBeGreaterThan(25_000);
    const told = await listen(owner);
    const done = await started(owner, 'done one');
    const commit = await signals(done, 'It is done.');
    const failed = await started(owner, 'failed one');
    await failed.report({ type: 'agent_exited', code: 3, signal: null });
    const first = await told.until(1);
    expect(first).toMatchObject({ coordinatorId: owner.id });
    await waitFor('all three', () => Promise.resolve(told.messages().flatMap(({ entries }) => entries).length >= 3));
    const entries = told.messages().flatMap((message) => message.entries);
    expect(new Map(entries.map(({ taskName, kind }) => [taskName, kind]))).toEqual(
      new Map([
        ['idle one', 'idle'],
        ['done one', 'finished'],
        ['failed one', 'failed'],
      ]),
    );
    expect(first.entries.map(({ taskName }) => taskName)).toContain('idle one');
    expect(entries.find(({ kind }) => kind === 'finished')).toMatchObject({ commit, detail: 'It is done.', told: 1 });
    expect(entries.find(({ kind }) => kind === 'failed')?.detail).toContain('exited with 3');
    told.close();
    for (const runner of [idle, done, failed]) await runner.hangUp();
  });

  it('NO-3, NO-4: it is told again until it is acknowledged, acted upon, over, or dropped', async () => {
    const owner = await service.newOwner();
    const told = await listen(owner);
    const runners = [await started(owner, 'one'), await started(owner, 'two')] as const;
    await signals(runners[0], 'one');
    const first = await told.until(1);
    const again = await told.until(2);
    expect(again.entries).toMatchObject([{ id: first.entries[0]?.id, told: 2 }]);
    const ids = again.entries.map(({ id }) => id);
    expect(await owner.client.call('acknowledgeNotifications', { ids })).toEqual({ gone: 1, pending: 0 });
    expect(await owner.client.call('acknowledgeNotifications', { ids })).toEqual({ gone: 0, pending: 0 });
    expect(await box(owner)).toMatchObject({ entries: [], nextDueAt: null });
    // The wait still hands it out: a notification consumes nothing.
    const { notice, cursor } = await owner.client.call('waitSignal', { timeoutMs: 20_000 });
    expect(notice).toMatchObject({ kind: 'signal' });

    await signals(runners[1], 'two');
    const stale = (await box(owner)).entries[0]?.id ?? '';
    await owner.client.call('waitSignal', { timeoutMs: 20_000, cursor });
    expect((await box(owner)).entries[0]?.told).toBeGreaterThan(0);
    await owner.client.call('promptTask', { id: runners[1].assignment.taskId, prompt: 'go on' });
    expect((await box(owner)).entries).toEqual([]);
    await runners[1].acceptPrompts();
    await runners[1].report({ type: 'activity', activity: activity('idle') });
    // An id is of one state: what came after it stays.
    expect(await owner.client.call('acknowledgeNotifications', { ids: [stale] })).toEqual({ gone: 0, pending: 1 });
    await runners[1].report({ type: 'activity', activity: activity('busy') });
    expect((await box(owner)).entries).toEqual([]);
    await runners[1].report({ type: 'activity', activity: activity('idle') });
    expect(await owner.client.call('dropNotifications', {})).toEqual({ gone: 1, pending: 0 });
    await runners[1].report({ type: 'activity', activity: activity('idle') });
    expect((await box(owner)).entries).toEqual([]);
    told.close();
    for (const runner of runners) await runner.hangUp();
  });

  it('NO-5: the cursor of a wait acknowledges, and so does the close', async () => {
    const owner = await service.newOwner();
    const runners = [await started(owner, 'one'), await started(owner, 'two')] as const;
    await signals(runners[0], 'one');
    const { cursor } = await owner.client.call('waitSignal', { timeoutMs: 20_000 });
    expect((await box(owner)).entries).toHaveLength(1);
    await owner.client.call('waitSignal', { timeoutMs: 0, cursor });
    expect((await box(owner)).entries).toEqual([]);
    await signals(runners[1], 'two');
    expect((await box(owner)).entries).toHaveLength(1);
    const closing = owner.client.call('closeTask', { id: runners[1].assignment.taskId });
    await runners[1].desired('a stop', ({ stop }) => stop !== null);
    expect((await box(owner)).entries).toEqual([]);
    await runners[1].report({ type: 'agent_exited', code: null, signal: 'SIGHUP' });
    for (const runner of runners) await runner.hangUp();
    await service.launcher.call('reportGone', {
      taskId: runners[1].assignment.taskId,
      attempt: 1,
      kept: null,
      reason: null,
    });
    await closing;
  });

  it('NO-6: nothing is told while a wait is open; what it did not hand out is due after it', async () => {
    const owner = await service.newOwner();
    const told = await listen(owner);
    const gone = new AbortController();
    const runner = await started(owner);
    const quiet = await owner.client.call('createTask', { name: 'another', prompt: 'x' });
    const waiting = owner.client
      .call('waitForIdle', { id: quiet.id, timeoutMs: 50_000 }, { signal: gone.signal })
      .catch(() => 'given up');
    await waitFor('a wait', async () => (await box(owner)).heldByWait);
    await signals(runner, 'meanwhile');
    // An operator's wait in the coordinator's name is not the coordinator's.
    const operator = new ApiClient({ baseUrl: service.url, token: service.operatorToken, coordinatorId: owner.id });
    await operator.call('waitForEvents', { timeoutMs: 1_200 });
    expect(told.messages()).toEqual([]);
    expect((await box(owner)).entries).toMatchObject([{ told: 0 }]);
    gone.abort();
    expect(await waiting).toBe('given up');
    expect((await told.until(1)).entries).toMatchObject([{ kind: 'finished', told: 1 }]);
    // What a wait has told of comes again only if nobody acts upon it.
    const idle = await started(owner, 'idle');
    await idle.report({ type: 'activity', activity: activity('idle') });
    await owner.client.call('waitForIdle', { id: idle.assignment.taskId });
    expect((await box(owner)).entries.find(({ kind }) => kind === 'idle')?.told).toBeGreaterThan(0);
    told.close();
    for (const one of [runner, idle]) await one.hangUp();
  });

  it('NO-7: of many coordinator processes one tells it, and a restart loses nothing', async () => {
    const owner = await service.newOwner();
    const others = [await service.another()];
    const told = await listen(owner);
    const runner = await started(owner);
    await signals(runner, 'once');
    await told.until(1);
    const [message] = told.messages();
    await told.until(2);
    const tolds = told.messages().map(({ entries }) => entries[0]?.told);
    expect(tolds).toEqual(tolds.map((_, index) => index + 1));
    expect(message?.id).not.toBe(told.messages()[1]?.id);
    for (const other of others) await other.stop();
    told.close();
    await runner.hangUp();
  });

  it('NO-8: the delay is the coordinator’s own, 5 to 300 s; pages; nobody else’s box', async () => {
    const owner = await service.newOwner();
    const other = await service.newOwner();
    for (const delaySeconds of [4, 301])
      await expect(owner.client.call('configureNotifications', { delaySeconds })).rejects.toMatchObject({
        code: 'validation_failed',
      });
    const { settings, webhookSecret } = await owner.client.call('configureNotifications', { delaySeconds: 300 });
    expect([settings, webhookSecret]).toEqual([{ delaySeconds: 300, webhookUrl: null }, null]);
    const runners = [await started(owner, 'one'), await started(owner, 'two')];
    for (const runner of runners) await runner.report({ type: 'activity', activity: activity('idle') });
    const page = await owner.client.call('getNotifications', { limit: 1 });
    expect(dueInMs(page.entries[0])).toBeGreaterThan(290_000);
    const rest = await owner.client.call('getNotifications', { limit: 1, cursor: page.nextCursor ?? '' });
    expect([page.entries[0]?.taskName, rest.entries[0]?.taskName, rest.nextCursor]).toEqual(['one', 'two', null]);
    const ids = page.entries.map(({ id }) => id);
    expect(await other.client.call('acknowledgeNotifications', { ids })).toEqual({ gone: 0, pending: 0 });
    expect((await box(owner)).entries).toHaveLength(2);
    for (const runner of runners) await runner.hangUp();
  });
});
