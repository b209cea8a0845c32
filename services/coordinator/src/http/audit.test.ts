import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { AUDIT_GENESIS, type AuditCall, type AuditEntry, auditFault, auditText } from '@roundhouse/contracts';
import { type TestRedis, eventually, startTestRedis } from '@roundhouse/testkit';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { createRedisAuditLog } from '../adapters/redis/redis-audit-log.ts';
import { createCallRecorder } from '../effects/record-calls.ts';
import { PlayedRunner } from '../testing/played-runner.ts';
import { type Owner, type StartedCoordinator, startedCoordinator } from '../testing/started-coordinator.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const faultsOf = (entries: readonly AuditEntry[]): string[] =>
  entries.flatMap((entry, index) => {
    const fault = auditFault(entry, entries[index - 1] ?? null, sha256);
    return fault === null ? [] : [`${entry.seq}: ${fault}`];
  });

describe('the audit over HTTP', () => {
  let service: StartedCoordinator;
  let owner: Owner;
  beforeAll(async () => {
    service = await startedCoordinator({ auditEntries: 1_000 });
    owner = await service.newOwner();
  });
  afterAll(() => service.stop());

  const all = async (): Promise<AuditEntry[]> => {
    const entries: AuditEntry[] = [];
    let cursor: string | null = '0';
    while (cursor !== null) {
      const page: { entries: AuditEntry[]; nextCursor: string | null } = await service.operator.call('readAudit', {
        cursor,
        limit: 50,
      });
      entries.push(...page.entries);
      cursor = page.nextCursor;
    }
    return entries;
  };
  const entryOf = (wanted: (entry: AuditEntry) => boolean): Promise<AuditEntry> =>
    eventually('an entry', 10_000, async () => (await all()).find(wanted));

  it('IA-15: every call is kept: who, what, whose, how it ended; never what it said', async () => {
    const words = 'a prompt that nobody else may read';
    const { id } = await owner.client.call('createTask', { name: 'a name to hide', prompt: words });
    const made = await entryOf(({ operation, taskId }) => operation === 'createTask' && taskId === id);
    expect(made).toMatchObject({
      role: 'coordinator',
      coordinatorId: owner.id,
      status: 201,
      outcome: 'ok',
      count: 1,
    });
    await expect(owner.client.call('mergeTask', { id })).rejects.toMatchObject({ code: 'not_signalled' });
    await expect(owner.client.call('listTokens', {})).rejects.toMatchObject({ code: 'forbidden' });
    const left = new AbortController();
    const wait = owner.client.call('waitForIdle', { id, timeoutMs: 55_000 }, { signal: left.signal });
    await eventually('an open wait', 10_000, async () =>
      (await service.operator.call('getAccess', { id: owner.id })).openWaits === 1 ? true : undefined,
    );
    left.abort();
    await expect(wait).rejects.toBeDefined();
    const idle = await entryOf(({ operation }) => operation === 'waitForIdle');
    expect(idle).toMatchObject({ taskId: id, status: null, outcome: 'cancelled' });
    const entries = await all();
    expect(entries.find(({ operation }) => operation === 'mergeTask')).toMatchObject({
      taskId: id,
      status: 409,
      outcome: 'not_signalled',
    });
    expect(entries.find(({ operation }) => operation === 'listTokens')).toMatchObject({ outcome: 'forbidden' });
    const text = JSON.stringify(entries);
    for (const secret of [words, 'a name to hide', owner.token.slice(-43), service.operatorToken.slice(-43)])
      expect(text).not.toContain(secret);
    expect(faultsOf(entries)).toEqual([]);
    expect(entries[0]).toMatchObject({ seq: 1, previous: AUDIT_GENESIS });
  });

  it('IA-15: a link is kept once when it begins, and so is one that was refused', async () => {
    const { id } = await owner.client.call('createTask', { name: 'x', prompt: 'x' });
    const runner = await PlayedRunner.start(service, id);
    await runner.hangUp();
    await service.operator.call('createToken', { role: 'mobile' });
    const refused = new WebSocket(`${service.url.replace('http', 'ws')}/link`, {
      headers: { authorization: `Bearer ${service.launcherToken}` },
    });
    await once(refused, 'error');
    // What is counted together is appended at a stop.
    await service.restart();
    const links = (await all()).filter(({ operation }) => operation === 'link');
    expect(links.map(({ role, status, outcome, taskId }) => ({ role, status, outcome, taskId }))).toEqual([
      { role: 'runner', status: 101, outcome: 'ok', taskId: id },
      { role: 'launcher', status: 403, outcome: 'forbidden', taskId: null },
    ]);
  });

  it('IA-16: an altered, a missing, an added and a moved entry are named', async () => {
    await entryOf(({ seq }) => seq > 6);
    const entries = await all();
    const [, , third, fourth] = entries;
    if (third === undefined || fourth === undefined) throw new Error('too few entries');
    const replaced = (entry: AuditEntry): AuditEntry[] => entries.map((it) => (it.seq === entry.seq ? entry : it));
    expect(faultsOf(replaced({ ...third, outcome: 'not_found' }))).toEqual([
      `${third.seq}: it was altered: its hash is not that of its words`,
    ]);
    const forged = { ...third, tokenId: randomUUID() };
    expect(faultsOf(replaced({ ...forged, hash: sha256(auditText(forged)) }))).toEqual([
      `${fourth.seq}: it does not hold the hash of ${third.seq}`,
    ]);
    expect(faultsOf(entries.filter(({ seq }) => seq !== third.seq))[0]).toContain('what was between is missing');
    expect(faultsOf([...entries.slice(0, 3), third, ...entries.slice(3)])).not.toEqual([]);
    expect(faultsOf(entries.slice(2))).toEqual([]);
  });

  it('IA-17: what programs ask all the time, and what strangers ask, is counted together', async () => {
    const before = (await all()).length;
    for (let index = 0; index < 30; index += 1) {
      await service.launcher.call('reconcileAttempts', { sandboxes: [] });
      expect((await fetch(`${service.url}/api/tasks`)).status).toBe(401);
      expect((await fetch(`${service.url}/api/nothing/${index}`)).status).toBe(404);
    }
    // Counts are appended once a minute, and at a stop.
    await service.restart();
    const added = (await all()).slice(before);
    const countOf = (operation: string, outcome: string): number[] =>
      added.filter((entry) => entry.operation === operation && entry.outcome === outcome).map(({ count }) => count);
    expect(countOf('reconcileAttempts', 'ok')).toEqual([30]);
    expect(countOf('listTasks', 'unauthenticated')).toEqual([30]);
    expect(countOf('unknown', 'route_not_found')).toEqual([30]);
    expect(faultsOf(await all())).toEqual([]);
  });

  it('IA-18: a coordinator’s recent calls are its own, the latest first; its last one shows in its access', async () => {
    const other = await service.newOwner();
    await other.client.call('listTasks', {});
    await eventually('the last call', 10_000, async () => {
      const { lastCall } = await service.operator.call('getAccess', { id: other.id });
      return lastCall === null ? undefined : lastCall;
    });
    const { entries } = await other.client.call('readLog', { id: other.id, limit: 10 });
    expect(entries.at(-1)).toMatchObject({ operation: 'listTasks', coordinatorId: other.id });
    expect(entries.every(({ coordinatorId }) => coordinatorId === other.id)).toBe(true);
    await expect(other.client.call('readLog', { id: owner.id })).rejects.toMatchObject({
      code: 'coordinator_not_found',
    });
  });
});

describe('the chain', () => {
  let server: TestRedis;
  let redis: Redis;
  beforeAll(async () => {
    server = await startTestRedis();
    redis = new Redis(server.connection);
  });
  afterAll(async () => {
    redis.disconnect();
    await server.stop();
  });

  const call = (operation: string): AuditCall => ({
    at: '2026-11-23T00:00:00.000Z',
    requestId: randomUUID(),
    operation,
    role: 'operator',
    tokenId: randomUUID(),
    coordinatorId: null,
    taskId: null,
    status: 200,
    outcome: 'ok',
    ms: 1,
    count: 1,
  });
  const batch = (size: number, word: string): AuditCall[] =>
    Array.from({ length: size }, (_, index) => call(`${word}${index}`));

  it('IA-19: many processes append to one chain; the oldest go at the cap, and the rest is whole', async () => {
    await redis.flushall();
    const logs = await Promise.all(Array.from({ length: 4 }, () => createRedisAuditLog(redis, 1_000)));
    await Promise.all(
      logs.map(async (log, process) => {
        for (let round = 0; round < 20; round += 1) await log.append(batch(20, `p${process}r${round}n`));
      }),
    );
    const { entries } = await (logs[0] as (typeof logs)[0]).page(0, 5_000);
    expect(entries).toHaveLength(1_000);
    expect(entries.at(-1)?.seq).toBe(1_600);
    expect(faultsOf(entries)).toEqual([]);
    for (let process = 0; process < 4; process += 1) {
      const own = entries
        .filter(({ operation }) => operation.startsWith(`p${process}`))
        .map(({ operation }) => operation);
      const inOrder = Array.from({ length: 400 }, (_, index) => `p${process}r${Math.floor(index / 20)}n${index % 20}`);
      expect(own).toEqual(inOrder.slice(400 - own.length));
    }
  });

  it('IA-20: a batch whose answer was lost is not kept twice', async () => {
    await redis.flushall();
    let loses = 1;
    // The script runs, and its answer does not arrive.
    const lossy = new Proxy(redis, {
      get(target, key) {
        const value = Reflect.get(target, key, target) as unknown;
        if (typeof value !== 'function') return value;
        return async (...args: unknown[]) => {
          const answer = await (value as (...given: unknown[]) => unknown).apply(target, args);
          if (key !== 'evalsha' || loses-- <= 0) return answer;
          throw new Error('Command timed out');
        };
      },
    });
    const log = await createRedisAuditLog(lossy, 1_000);
    const calls = batch(5, 'x');
    await expect(log.append(calls)).rejects.toThrow('timed out');
    await (await createRedisAuditLog(redis, 1_000)).append(batch(2, 'y'));
    await log.append(calls);
    await log.append(batch(1, 'z'));
    const { entries } = await log.page(0, 100);
    expect(entries.map(({ operation }) => operation)).toEqual(['x0', 'x1', 'x2', 'x3', 'x4', 'y0', 'y1', 'z0']);
    expect(faultsOf(entries)).toEqual([]);
  });

  it('IA-20: what is recorded at a stop is in the chain, in order', async () => {
    await redis.flushall();
    const log = await createRedisAuditLog(redis, 10_000);
    const calls = createCallRecorder(log, pino({ level: 'silent' }));
    for (let index = 0; index < 1_300; index += 1) calls.record(call(`n${index}`));
    await calls.stop();
    const { entries } = await log.page(0, 5_000);
    expect(entries.map(({ operation }) => operation)).toEqual(Array.from({ length: 1_300 }, (_, index) => `n${index}`));
  });
});
