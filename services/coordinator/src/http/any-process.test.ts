import { randomUUID } from 'node:crypto';
import { ApiClient, LEASE, LINK_FENCED, TOKEN_PATTERN, uuidOfHex } from '@roundhouse/contracts';
import { within } from '@roundhouse/testkit';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EventSource } from '../testing/event-source.ts';
import { waitFor } from '../testing/eventually.ts';
import { PlayedRunner } from '../testing/played-runner.ts';
import { type Owner, type StartedCoordinator, startedCoordinator } from '../testing/started-coordinator.ts';

let service: StartedCoordinator;
let second: { url: string; stop(): Promise<void> };
beforeAll(async () => {
  service = await startedCoordinator();
  second = await service.another();
});
afterAll(async () => {
  await second.stop();
  await service.stop();
});

const idOf = (token: string): string => uuidOfHex(TOKEN_PATTERN.exec(token)?.[2] ?? '');

/** Two processes of which each call takes the other one, as behind an address that hands out connections in turn. */
class Turns {
  #next: number;
  readonly #owner: Owner;

  constructor(first: number, owner: Owner) {
    this.#next = first;
    this.#owner = owner;
  }

  get url(): string {
    this.#next += 1;
    return [service.url, second.url][this.#next % 2] as string;
  }

  get client(): ApiClient {
    return new ApiClient({ baseUrl: this.url, token: this.#owner.token, coordinatorId: this.#owner.id });
  }

  agent({ assignment }: PlayedRunner): ApiClient {
    return new ApiClient({ baseUrl: this.url, token: assignment.subtaskToken, doneToken: assignment.doneToken });
  }

  /** The claim goes to one, the link of the very same attempt to the other. */
  runner(taskId: string): Promise<PlayedRunner> {
    const launcher = new ApiClient({ baseUrl: this.url, token: service.launcherToken });
    return PlayedRunner.start({ ...service, launcher, url: this.url }, taskId);
  }
}

describe('two coordinator processes behind one address', () => {
  it('MT-13: what is revoked in one process is over in the other, for what stands open there as well', async () => {
    const redis = new Redis(service.redis.connection);
    for (const missed of [false, true]) {
      const owner = await service.newOwner();
      const { id } = await owner.client.call('createTask', { name: 'a task', prompt: 'x' });
      const runner = await PlayedRunner.start({ ...service, url: second.url }, id);
      const extra = await service.operator.call('createToken', { role: 'coordinator', coordinatorId: owner.id });
      const there = new ApiClient({ baseUrl: second.url, token: extra.token, coordinatorId: owner.id });
      const kept = await there.call('keepWait', { wait: { operation: 'waitSignal', input: {} } });
      const refused = (call: Promise<unknown>) => expect(call).rejects.toMatchObject({ code: 'unauthenticated' });
      const open = [
        refused(there.call('waitSignal', { timeoutMs: 50_000 })),
        refused(there.call('waitForIdle', { id, timeoutMs: 50_000 })),
        refused(there.call('waitForEvents', { timeoutMs: 50_000 })),
        refused(there.call('readWait', { id: kept.id, timeoutMs: 50_000 })),
      ];
      const source = await EventSource.open(`${second.url}/api/events`, {
        authorization: `Bearer ${extra.token}`,
        'x-coordinator-id': owner.id,
      });
      const stream = source.read();
      await waitFor('the waits', async () => {
        const { openWaits } = await owner.client.call('getAccess', { id: owner.id });
        return openWaits >= open.length;
      });
      // Where its connection is cut just then, the other process has heard nothing, and looks when it is back.
      if (missed) await redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
      await service.operator.call('revokeToken', { id: extra.info.id });
      await Promise.all(open);
      await within(20_000, 'the end of the stream', stream.ended);
      await refused(there.call('listTasks', {}));
      // Her other token is good, in both; the runner's link there stands until its own is revoked here.
      expect(await owner.client.call('listTasks', {})).toMatchObject({ remaining: 1 });
      const closed = runner.closed();
      await service.operator.call('revokeToken', { id: idOf(runner.token) });
      expect(await closed).toBe(LINK_FENCED);
    }
    redis.disconnect();
  });

  it('TL-13: what was claimed here and runs by way of the other process is refused, and its lease is not touched', async () => {
    const owner = await service.newOwner();
    const { id } = await owner.client.call('createTask', { name: 'a task', prompt: 'x' });
    const redis = new Redis(service.redis.connection);
    // The claim goes to the first process, which sees no more of it; the link to the second.
    const runner = await PlayedRunner.start({ ...service, url: second.url }, id);
    const again = service.launcher.call('claimAttempt', { taskId: id, attempt: runner.assignment.attempt });
    await expect(again).rejects.toMatchObject({ code: 'attempt_stale' });
    const leftMs = Number(await redis.zscore('{rh}:leases', id)) - Date.now();
    redis.disconnect();
    expect(leftMs).toBeLessThanOrEqual(LEASE.ttlMs);
  });

  // Whichever is first, each call of the path goes to the one or the other.
  it.each([0, 1])('MB-6: any call may go to any process, waits included (beginning with %i)', async (first) => {
    const owner = await service.newOwner();
    const turns = new Turns(first, owner);
    const key = { idempotencyKey: `two-${first}` };
    const [name, prompt] = ['a task', 'x'];
    const { id } = await turns.client.call('createTask', { name, prompt }, key);
    expect((await turns.client.call('createTask', { name, prompt }, key)).id).toBe(id);
    const runner = await turns.runner(id);
    await runner.acceptPrompts();

    // Waits stand in both processes; the signal is asked for in one and comes about in the other.
    const requestIds = [randomUUID(), randomUUID()];
    const waits = requestIds.map((requestId) => turns.client.call('waitSignal', { timeoutMs: 20_000, requestId }));
    const idle = turns.client.call('waitForIdle', { id, timeoutMs: 20_000 });
    const commit = await runner.push(`file-${first}.txt`, 'text');
    const said = turns.agent(runner).call('signalDone', { id, summary: 'done' });
    await runner.publish(commit);
    expect((await said).commit).toBe(commit);
    expect((await idle).outcome).toBe('signalled');
    // One of the two gets it; to the other nothing is left, and the same question elsewhere has the same answer.
    const answers = await Promise.all(waits);
    expect(answers.map(({ outcome }) => outcome).sort()).toEqual(['nothing_live', 'signal']);
    const index = answers.findIndex(({ outcome }) => outcome === 'signal');
    const got = answers[index];
    for (let again = 0; again < 2; again += 1)
      expect(await turns.client.call('waitSignal', { timeoutMs: 0, requestId: requestIds[index] })).toEqual(got);
    await turns.client.call('waitSignal', { timeoutMs: 0, cursor: got?.cursor });
    for (let again = 0; again < 2; again += 1)
      expect((await turns.client.call('getTask', { id })).delivery.state).toBe('acknowledged');

    // A prompt reaches the runner, whose link is elsewhere; its link may come back to any process.
    const receipt = await turns.client.call('promptTask', { id, prompt: 'more' }, key);
    expect(await turns.client.call('promptTask', { id, prompt: 'more' }, key)).toEqual(receipt);
    await runner.desired('the second prompt', ({ prompts }) => prompts.some((wanted) => wanted.id === receipt.id));
    await runner.acceptPrompts();
    const again = await runner.push(`file-${first}.txt`, 'more');
    const saidAgain = turns.agent(runner).call('signalDone', { id });
    await runner.publish(again);
    await saidAgain;

    const merged = await turns.client.call('mergeTask', { id }, { idempotencyKey: `merge-${first}` });
    expect(merged.outcome).toBe('landed');
    expect((await turns.client.call('mergeTask', { id })).landing).toEqual(merged.landing);
    const closing = turns.client.call('closeTask', { id });
    await runner.desired('the stop', ({ stop }) => stop !== null);
    await runner.hangUp();
    const launcher = new ApiClient({ baseUrl: turns.url, token: service.launcherToken });
    await launcher.call('reportGone', { taskId: id, attempt: 1, kept: null, reason: null, limit: null });
    expect((await closing).outcome).toBe('closed');

    // A reader that is put through to the other process with every page has all of it, in order.
    const kinds: string[] = [];
    let cursor: string | undefined;
    for (;;) {
      const from = cursor === undefined ? { from: 'oldest' as const } : { cursor };
      const page = await turns.client.call('waitForEvents', { ...from, limit: 5, timeoutMs: 0 });
      kinds.push(...page.events.flatMap((event) => event.kinds));
      ({ cursor } = page);
      if (!page.more) break;
    }
    expect(kinds.filter((kind) => kind === 'signalled')).toHaveLength(2);
    expect([kinds[0], kinds.at(-1)]).toEqual(['created', 'closed']);
  });
});
