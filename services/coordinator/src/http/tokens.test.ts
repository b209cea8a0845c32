import { ApiClient, type RoundhouseError, LINK_FENCED, uuidOfHex } from '@roundhouse/contracts';
import { eventually } from '@roundhouse/testkit';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PlayedRunner } from '../testing/played-runner.ts';
import { type Owner, type StartedCoordinator, startedCoordinator } from '../testing/started-coordinator.ts';

let service: StartedCoordinator;
let redis: Redis;
beforeAll(async () => {
  service = await startedCoordinator();
  redis = new Redis(service.redis.connection);
});
afterAll(async () => {
  redis.disconnect();
  await service.stop();
});

const clientOf = (token: string, coordinatorId?: string): ApiClient =>
  new ApiClient({ baseUrl: service.url, token, coordinatorId });
const idOf = (token: string): string => uuidOfHex(token.split('_')[2] ?? '');
const open = async (owner: Owner): Promise<number> =>
  (await service.operator.call('getAccess', { id: owner.id })).openWaits;
const waiting = (owner: Owner) => eventually('an open wait', 10_000, async () => (await open(owner)) > 0 || undefined);

/** A wait that stands open: there is a task that has not signalled. */
async function openWait(owner: Owner, client = owner.client): Promise<{ readonly wait: Promise<unknown> }> {
  await owner.client.call('createTask', { name: 'x', prompt: 'x' });
  const wait = client.call('waitSignal', { timeoutMs: 55_000 }).catch((error: unknown) => error);
  await waiting(owner);
  return { wait };
}

describe('the life of a token', () => {
  it('IA-6: a rotated token has a new secret and the same id; the old one is over at once, or after its grace', async () => {
    const owner = await service.newOwner();
    const id = idOf(owner.token);
    const first = await service.operator.call('rotateToken', { id });
    expect(first.info).toMatchObject({ id, identity: { coordinatorId: owner.id }, previousUntil: null });
    expect(idOf(first.token)).toBe(id);
    await expect(owner.client.call('listTasks', {})).rejects.toMatchObject({ code: 'unauthenticated' });
    await clientOf(first.token, owner.id).call('listTasks', {});

    const second = await service.operator.call('rotateToken', { id, graceSeconds: 3_600 });
    for (const token of [first.token, second.token]) await clientOf(token, owner.id).call('listTasks', {});
    // The clock of the grace is in the record: turned back, the grace is over.
    await redis.hset(`{rh}:token:${id}`, 'previousUntil', '2020-01-01T00:00:00.000Z');
    await expect(clientOf(first.token, owner.id).call('listTasks', {})).rejects.toMatchObject({
      code: 'unauthenticated',
    });
    await clientOf(second.token, owner.id).call('listTasks', {});
    // Of two rotations with a grace, only the last secret before has it.
    const third = await service.operator.call('rotateToken', { id, graceSeconds: 60 });
    await service.operator.call('rotateToken', { id, graceSeconds: 60 });
    await clientOf(third.token, owner.id).call('listTasks', {});
    await expect(clientOf(second.token, owner.id).call('listTasks', {})).rejects.toMatchObject({
      code: 'unauthenticated',
    });
    await expect(service.operator.call('rotateToken', { id, graceSeconds: 86_401 })).rejects.toMatchObject({
      code: 'validation_failed',
    });
  });

  it('IA-6: what is revoked stays so whatever is rotated at the same time; a file’s token is not rotated', async () => {
    const { info, token } = await service.operator.call('createToken', { role: 'mobile' });
    await Promise.allSettled([
      service.operator.call('rotateToken', { id: info.id }),
      service.operator.call('revokeToken', { id: info.id }),
      service.operator.call('rotateToken', { id: info.id, graceSeconds: 60 }),
    ]);
    await expect(clientOf(token).call('whoami', {})).rejects.toMatchObject({ code: 'unauthenticated' });
    await expect(service.operator.call('rotateToken', { id: info.id })).rejects.toMatchObject({ code: 'token_over' });
    for (const file of [service.operatorToken, service.launcherToken]) {
      await expect(service.operator.call('rotateToken', { id: idOf(file) })).rejects.toMatchObject({
        code: 'token_in_file',
      });
    }
    const unknown = idOf(`x_x_${'0'.repeat(12)}4${'0'.repeat(3)}8${'0'.repeat(15)}`);
    await expect(service.operator.call('rotateToken', { id: unknown })).rejects.toMatchObject({
      code: 'token_not_found',
    });
  });

  it('IA-7: an open wait ends with its token: revoked, rotated, or expired', async () => {
    const ways: ((id: string) => Promise<unknown>)[] = [
      (id) => service.operator.call('revokeToken', { id }),
      (id) => service.operator.call('rotateToken', { id }),
    ];
    for (const end of ways) {
      const owner = await service.newOwner();
      const { wait } = await openWait(owner);
      await end(idOf(owner.token));
      expect(await wait).toMatchObject({ code: 'unauthenticated' });
      expect(await open(owner)).toBe(0);
    }
    const owner = await service.newOwner();
    const brief = await service.operator.call('createToken', {
      role: 'coordinator',
      coordinatorId: owner.id,
      expiresInSeconds: 60,
    });
    const soon = { ...brief.info, expiresAt: new Date(Date.now() + 1_500).toISOString() };
    await redis.hset(`{rh}:token:${brief.info.id}`, 'info', JSON.stringify(soon));
    const { wait } = await openWait(owner, clientOf(brief.token, owner.id));
    expect(await wait).toMatchObject({ code: 'unauthenticated' });
  });

  it('IA-7: what a wait had found for a token that is over is not lost with it', async () => {
    const owner = await service.newOwner();
    const spare = await service.operator.call('createToken', { role: 'coordinator', coordinatorId: owner.id });
    const { id } = await owner.client.call('createTask', { name: 'x', prompt: 'x' });
    const runner = await PlayedRunner.start(service, id);
    const wait = owner.client.call('waitSignal', { timeoutMs: 55_000 }).catch((error: unknown) => error);
    await waiting(owner);
    // Both at once: whoever is first, the end is told to one who may hear it.
    await Promise.all([
      service.operator.call('revokeToken', { id: idOf(owner.token) }),
      runner.report({ type: 'agent_exited', code: 0, signal: null }),
    ]);
    const answer = await wait;
    const heard = (answer as { outcome?: string }).outcome === 'ended';
    const next = await clientOf(spare.token, owner.id).call('waitSignal', { timeoutMs: heard ? 0 : 30_000 });
    if (!heard) expect(next).toMatchObject({ outcome: 'ended', notice: { taskId: id } });
    await runner.hangUp();
  });

  it('IA-8: a link ends with its token', async () => {
    const owner = await service.newOwner();
    const { id } = await owner.client.call('createTask', { name: 'x', prompt: 'x' });
    const runner = await PlayedRunner.start(service, id);
    const closed = runner.closed();
    await service.operator.call('revokeToken', { id: idOf(runner.token) });
    expect(await closed).toBe(LINK_FENCED);
  });

  it('IA-9: the store does not grow: records of what is over go, and leave the list', async () => {
    const before = (await redis.keys('{rh}:token:*')).length;
    const owner = await service.newOwner();
    const brief = await service.operator.call('createToken', { role: 'mobile', expiresInSeconds: 60 });
    const revoked = await service.operator.call('createToken', { role: 'mobile' });
    await service.operator.call('revokeToken', { id: revoked.info.id });
    const week = 7 * 86_400_000;
    for (const { info } of [brief, revoked]) {
      const left = await redis.pttl(`{rh}:token:${info.id}`);
      expect(left).toBeGreaterThan(week - 60_000);
      expect(left).toBeLessThan(week + 120_000);
      // A week later.
      await redis.del(`{rh}:token:${info.id}`);
      await redis.zadd('{rh}:tokens:ends', 1, info.id);
    }
    await service.operator.call('createToken', { role: 'mobile', expiresInSeconds: 60 });
    for (const { info } of [brief, revoked]) expect(await redis.sismember('{rh}:tokens', info.id)).toBe(0);

    const { id } = await owner.client.call('createTask', { name: 'x', prompt: 'x' });
    const runner = await PlayedRunner.start(service, id);
    const ofTask = [runner.token, runner.assignment.subtaskToken].map((token) => `{rh}:token:${idOf(token)}`);
    expect(await redis.exists(...ofTask)).toBe(2);
    await runner.report({ type: 'agent_exited', code: 0, signal: null });
    const closing = owner.client.call('closeTask', { id });
    await runner.desired('a stop', ({ stop }) => stop !== null);
    await service.launcher.call('reportGone', { taskId: id, attempt: 1, kept: null, reason: null });
    expect(await closing).toMatchObject({ outcome: 'closed' });
    expect(await redis.exists(...ofTask)).toBe(0);
    expect(await redis.exists(`{rh}:task:${id}:tokens`)).toBe(0);
    await runner.hangUp();
    // The owner's own, and the one made last.
    expect((await redis.keys('{rh}:token:*')).length - before).toBeLessThanOrEqual(3);
  });

  it('IA-9: tokens of before are read, and a revoked one that a file brings is never forgotten', async () => {
    const { token, info } = await service.operator.call('createToken', { role: 'mobile' });
    const { rotatedAt: _r, previousUntil: _p, ...before } = info;
    await redis.hset(`{rh}:token:${info.id}`, 'info', JSON.stringify(before));
    expect(await clientOf(token).call('whoami', {})).toEqual({ role: 'mobile' });
    const revoked = JSON.stringify({ ...before, revokedAt: '2020-01-01T00:00:00.000Z' });
    await redis.hset(`{rh}:token:${info.id}`, 'info', revoked);
    await expect(clientOf(token).call('whoami', {})).rejects.toMatchObject({ code: 'unauthenticated' });

    const launcher = idOf(service.launcherToken);
    await service.operator.call('revokeToken', { id: launcher });
    expect(await redis.pttl(`{rh}:token:${launcher}`)).toBe(-1);
    await service.restart();
    await expect(service.launcher.call('whoami', {})).rejects.toMatchObject({ code: 'unauthenticated' });
    await redis.hdel(`{rh}:token:${launcher}`, 'revokedAt');
  });
});

describe('pairing a phone', () => {
  const phone = async (): Promise<ApiClient> =>
    clientOf((await service.operator.call('createToken', { role: 'mobile' })).token);
  const wrong = (pin: string): string => String((Number(pin) + 1) % 1_000_000).padStart(6, '0');

  it('IA-10: with the PIN a phone gets a token that reads, takes control and prompts, and nothing else', async () => {
    const owner = await service.newOwner();
    const { id } = await owner.client.call('createTask', { name: 'x', prompt: 'secret words' });
    const unpaired = await phone();
    expect((await unpaired.call('listAgents', {})).agents.map(({ taskId }) => taskId)).toContain(id);
    expect(JSON.stringify(await unpaired.call('listAgents', {}))).not.toContain('secret words');
    for (const call of ['promptTask', 'setControl', 'getTask', 'closeTask'] as const) {
      const input = { id, prompt: 'x', holder: 'human' } as never;
      await expect(unpaired.call(call, input)).rejects.toMatchObject({ code: 'forbidden' });
    }
    const { pin, expiresAt } = await owner.client.call('createPairing', { id: owner.id });
    expect(pin).toMatch(/^\d{6}$/);
    expect(Date.parse(expiresAt) - Date.now()).toBeLessThanOrEqual(300_000);
    const { token, info } = await unpaired.call('pair', { pin });
    expect(info).toMatchObject({ identity: { role: 'paired', coordinatorId: owner.id }, label: 'paired phone' });
    const paired = clientOf(token);
    expect(await paired.call('getTask', { id })).toMatchObject({ id });
    await paired.call('setControl', { id, holder: 'human', forMs: 60_000 });
    // The person who holds the keyboard types; the coordinator does not.
    expect(await paired.call('promptTask', { id, prompt: 'from the phone' })).toMatchObject({ held: false });
    expect(await owner.client.call('promptTask', { id, prompt: 'y' })).toMatchObject({ state: 'queued', held: true });
    await expect(paired.call('closeTask', { id })).rejects.toMatchObject({ code: 'forbidden' });
    // A PIN is good once.
    await expect(unpaired.call('pair', { pin, coordinatorId: owner.id })).rejects.toMatchObject({
      code: 'pairing_not_open',
    });
  });

  it('IA-11: wrong PINs are counted and lock the pairing, also at once; a new PIN opens it again', async () => {
    const owner = await service.newOwner();
    const made = await owner.client.call('createPairing', { id: owner.id });
    const mobile = await phone();
    const tryWrong = (): Promise<unknown> =>
      mobile.call('pair', { pin: wrong(made.pin), coordinatorId: owner.id }).catch((error: unknown) => error);
    expect(await tryWrong()).toMatchObject({ code: 'pin_wrong', details: { triesLeft: 4 } });
    const rest = (await Promise.all(Array.from({ length: 6 }, tryWrong))) as { code: string }[];
    expect(rest.map(({ code }) => code).sort()).toEqual([
      ...Array<string>(2).fill('pairing_locked'),
      ...Array<string>(4).fill('pin_wrong'),
    ]);
    await expect(mobile.call('pair', { pin: made.pin, coordinatorId: owner.id })).rejects.toMatchObject({
      code: 'pairing_locked',
    });
    const again = await owner.client.call('createPairing', { id: owner.id });
    expect((await mobile.call('pair', { pin: again.pin, coordinatorId: owner.id })).info.identity).toMatchObject({
      role: 'paired',
    });
  });

  it('IA-12: one PIN at a time, hashed, for one phone; of several coordinators the phone says which', async () => {
    const [one, other] = [await service.newOwner(), await service.newOwner()];
    const first = await one.client.call('createPairing', { id: one.id });
    const second = await one.client.call('createPairing', { id: one.id });
    const third = await service.operator.call('createPairing', { id: other.id });
    const stored = JSON.stringify(await redis.hgetall(`{rh}:pairing:${one.id}`));
    expect(stored).toContain('salt');
    expect(stored).not.toContain(second.pin);
    expect(await redis.pttl(`{rh}:pairing:${one.id}`)).toBeLessThanOrEqual(300_000);
    const mobile = await phone();
    await expect(mobile.call('pair', { pin: second.pin })).rejects.toMatchObject({ code: 'coordinator_required' });
    if (first.pin !== second.pin)
      await expect(mobile.call('pair', { pin: first.pin, coordinatorId: one.id })).rejects.toMatchObject({
        code: 'pin_wrong',
      });
    const both = await Promise.allSettled(
      [1, 2].map(() => mobile.call('pair', { pin: third.pin, coordinatorId: other.id })),
    );
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await mobile.call('pair', { pin: second.pin })).toMatchObject({
      info: { identity: { coordinatorId: one.id } },
    });
    await expect(mobile.call('pair', { pin: '000000' })).rejects.toMatchObject({ code: 'pairing_not_open' });
  });
});

describe('the access of a coordinator', () => {
  it('IA-13: stopped, its waits end, its sub-tasks still signal, others go on; started, all is there', async () => {
    const [owner, other] = [await service.newOwner(), await service.newOwner()];
    const { id } = await owner.client.call('createTask', { name: 'x', prompt: 'x' });
    const runner = await PlayedRunner.start(service, id);
    await other.client.call('createTask', { name: 'x', prompt: 'x' });
    const hears = owner.client.call('waitSignal', { timeoutMs: 55_000 }).catch((error: unknown) => error);
    const away = new AbortController();
    const otherHears = other.client.call('waitSignal', { timeoutMs: 55_000 }, { signal: away.signal });
    await Promise.all([waiting(owner), waiting(other)]);
    const on = await owner.client.call('getAccess', { id: owner.id });
    expect(on).toMatchObject({ access: 'on', openWaits: 1 });

    const off = await service.operator.call('stopAccess', { id: owner.id });
    expect(off.access).toBe('off');
    expect(await hears).toMatchObject({ code: 'access_stopped', details: { since: off.since } });
    expect((await service.operator.call('stopAccess', { id: owner.id })).since).toBe(off.since);
    expect(await open(other)).toBe(1);

    const { subtaskToken, doneToken } = runner.assignment;
    const agent = new ApiClient({ baseUrl: service.url, token: subtaskToken, doneToken });
    const commit = await runner.push('a.txt', 'x');
    const [signalled] = await Promise.all([agent.call('signalDone', { id }), runner.publish(commit)]);
    expect(signalled.commit).toBe(commit);
    // A restart changes nothing of it.
    away.abort();
    await expect(otherHears).rejects.toBeDefined();
    await service.restart();
    await expect(owner.client.call('listTasks', {})).rejects.toMatchObject({ code: 'access_stopped' });

    const again = await service.operator.call('startAccess', { id: owner.id });
    expect(again).toMatchObject({ access: 'on' });
    expect(again.since > off.since).toBe(true);
    expect((await service.operator.call('startAccess', { id: owner.id })).since).toBe(again.since);
    expect(await owner.client.call('waitSignal', { timeoutMs: 0 })).toMatchObject({
      outcome: 'signal',
      notice: { taskId: id, commit },
    });
    await runner.hangUp();
  });

  it('IA-13: stopped in the midst of a look into the hub, the call is told so', async () => {
    const owner = await service.newOwner();
    const { id } = await owner.client.call('createTask', { name: 'x', prompt: 'x' });
    const runner = await PlayedRunner.start(service, id);
    const commit = await runner.push('a.txt', 'x');
    const { subtaskToken, doneToken } = runner.assignment;
    const agent = new ApiClient({ baseUrl: service.url, token: subtaskToken, doneToken });
    await Promise.all([agent.call('signalDone', { id }), runner.publish(commit)]);
    const given = Array.from({ length: 20 }, () =>
      owner.client.call('reviewMerge', { id }).then(
        ({ outcome }) => outcome,
        ({ code }: RoundhouseError) => code,
      ),
    );
    await waiting(owner);
    await service.operator.call('stopAccess', { id: owner.id });
    const outcomes = new Set(await Promise.all(given));
    expect(outcomes).toContain('access_stopped');
    expect([...outcomes].filter((outcome) => outcome !== 'review' && outcome !== 'access_stopped')).toEqual([]);
    await runner.hangUp();
  });

  it('IA-14: the programs that call in its name are listed by their own words, under a cap', async () => {
    const owner = await service.newOwner();
    const calling = (agent: string, name: string | null = null): ApiClient =>
      new ApiClient({
        baseUrl: service.url,
        token: owner.token,
        coordinatorId: owner.id,
        client: { transport: 'mcp-http', name, version: name === null ? null : '1.2', agent },
      });
    await calling('agent/1', 'claude\u001b[31m-code').call('listTasks', {});
    await calling('agent/1').call('listTasks', {});
    await owner.client.call('listTasks', {});
    const clients = await eventually('two clients', 10_000, async () => {
      const found = (await owner.client.call('listClients', { id: owner.id })).clients;
      return found.length === 2 ? found : undefined;
    });
    expect(clients).toContainEqual(
      expect.objectContaining({ transport: 'mcp-http', name: 'claude[31m-code', version: '1.2', agent: 'agent/1' }),
    );
    expect(clients).toContainEqual(
      expect.objectContaining({ transport: 'http', name: null, tokenId: idOf(owner.token) }),
    );
    for (let index = 0; index < 120; index += 1) await calling(`many/${index}`).call('listTasks', {});
    await eventually('the last client', 10_000, async () => {
      const found = (await owner.client.call('listClients', { id: owner.id })).clients;
      return found.some(({ agent }) => agent === 'many/119') || undefined;
    });
    expect((await owner.client.call('listClients', { id: owner.id })).clients).toHaveLength(100);
    expect(await redis.hlen(`{rh}:coordinator:${owner.id}:clients`)).toBeLessThanOrEqual(101);
    const strange = await fetch(`${service.url}/api/tasks`, {
      headers: {
        authorization: `Bearer ${owner.token}`,
        'x-coordinator-id': owner.id,
        'x-roundhouse-client': `transport=nonsense&name=${'x'.repeat(3_000)}`,
      },
    });
    expect(strange.status).toBe(200);
  });
});
