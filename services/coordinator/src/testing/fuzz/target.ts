import { randomUUID } from 'node:crypto';
import { ApiClient, type Task } from '@roundhouse/contracts';
import { scratchRepository } from '@roundhouse/testkit';
import { PlayedRunner } from '../played-runner.ts';
import { type Owner, type StartedCoordinator, startedCoordinator } from '../started-coordinator.ts';
import type { FuzzCaller } from './requests.ts';
import type { FromPool, Pool } from './values.ts';

/** Stands in everything of b's that a reader could be shown. */
export const CANARY = `canary-${randomUUID()}`;
/** A lease lasts 15 s; runners renew theirs every 5. */
const HEARTBEAT_MS = 5_000;
const MAX_POOL = 300;

export interface FuzzTarget {
  readonly url: string;
  readonly service: StartedCoordinator;
  /** The headers by which a caller shows who it is. */
  headersOf(caller: FuzzCaller): Record<string, string>;
  resolve(value: unknown, caller: FuzzCaller): unknown;
  /** Takes ids that the service gave to a, so that later requests meet them. */
  learn(answer: unknown): void;
  readonly foreignId: string;
  /** All that b has, as b sees it. */
  ofB(): Promise<readonly Task[]>;
  stop(): Promise<void>;
}

/** A real coordinator with two owners: a, who asks, and b, of whom nothing must be shown. */
export async function fuzzTarget(): Promise<FuzzTarget> {
  const service = await startedCoordinator();
  const { operator, url } = service;
  const secret = await scratchRepository({ 'README.md': `${CANARY}\n` });
  const theirs = await operator.call('createProject', { path: secret.path, name: CANARY });
  const a = await service.newOwner();
  const b = await ownerNamed(service, CANARY, theirs.id);
  await operator.call('createToken', { role: 'coordinator', coordinatorId: b.id, label: CANARY });
  const phone = await operator.call('createToken', { role: 'mobile' });
  const mine = [await settled(service, a, 'mine'), await settled(service, b, CANARY)] as const;
  for (const owner of [a, b])
    await owner.client.call('createTask', { name: owner === b ? CANARY : 'mine', prompt: CANARY });
  const beat = setInterval(() => {
    for (const { runner } of mine) runner.send({ type: 'heartbeat' });
  }, HEARTBEAT_MS);

  const ids = async ({ client }: Owner): Promise<string[]> =>
    (await client.call('listTasks', {})).tasks.map(({ id }) => id);
  const cursors = async ({ client }: Owner): Promise<string[]> =>
    (await client.call('waitForEvents', { from: 'oldest', timeoutMs: 0 })).events.map(({ cursor }) => cursor);
  const pools: Record<Pool, string[]> = {
    ownTask: await ids(a),
    foreignTask: await ids(b),
    ownId: [a.id],
    foreignId: [b.id],
    ownProject: [service.projectId],
    foreignProject: [theirs.id],
    ownCursor: await cursors(a),
    foreignCursor: await cursors(b),
    commit: [mine[0].commit],
    foreignCommit: [mine[1].commit],
  };
  // Whoever may change what is b's must not be given it: the test looks whether anybody else did.
  const OWN: Partial<Record<Pool, Pool>> = {
    foreignTask: 'ownTask',
    foreignId: 'ownId',
    foreignProject: 'ownProject',
    foreignCursor: 'ownCursor',
    foreignCommit: 'commit',
  };
  const trusted = (caller: FuzzCaller): boolean => caller === 'operator' || caller === 'launcher';

  const resolve = (value: unknown, caller: FuzzCaller): unknown => {
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return value.map((item) => resolve(item, caller));
    if ('$pool' in value) {
      const { $pool, index } = value as FromPool;
      const pool = pools[trusted(caller) ? (OWN[$pool] ?? $pool) : $pool];
      return pool[index % pool.length];
    }
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, resolve(inner, caller)]));
  };
  const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });
  const { subtaskToken, doneToken } = mine[0].runner.assignment;
  const headers: Readonly<Record<FuzzCaller, Record<string, string>>> = {
    a: { ...bearer(a.token), 'x-coordinator-id': a.id },
    agentOfA: { ...bearer(subtaskToken), 'x-done-token': doneToken },
    operator: { ...bearer(service.operatorToken), 'x-coordinator-id': a.id },
    launcher: bearer(service.launcherToken),
    mobile: bearer(phone.token),
    nobody: {},
    malformed: { authorization: `Bearer ${a.token.slice(0, -1)}é`, 'x-coordinator-id': a.id },
  };
  return {
    url,
    service,
    headersOf: (caller) => headers[caller],
    resolve,
    learn(answer) {
      const { id, branch, coordinatorId } = (answer ?? {}) as Partial<Task>;
      const isTask = id !== undefined && branch !== undefined && coordinatorId === a.id;
      if (isTask && pools.ownTask.length < MAX_POOL && !pools.ownTask.includes(id)) pools.ownTask.push(id);
    },
    foreignId: b.id,
    ofB: async () => (await b.client.call('listTasks', {})).tasks,
    async stop() {
      clearInterval(beat);
      for (const { runner } of mine) await runner.hangUp();
      await service.stop();
      await secret.remove();
    },
  };
}

async function ownerNamed({ operator, url }: StartedCoordinator, name: string, projectId: string): Promise<Owner> {
  const { coordinator, token } = await operator.call('createCoordinator', { name, projectId });
  const client = new ApiClient({ baseUrl: url, token, coordinatorId: coordinator.id });
  return { id: coordinator.id, token, client };
}

/** A task with output, a diff, a summary and a prompt that all say the same. */
async function settled(service: StartedCoordinator, owner: Owner, words: string) {
  const { id } = await owner.client.call('createTask', { name: words, prompt: words });
  const runner = await PlayedRunner.start(service, id);
  await runner.acceptPrompts();
  runner.send({ type: 'output', offset: 0, data: Buffer.from(`${words}\n`).toString('base64'), skipped: 0 });
  const { subtaskToken: token, doneToken } = runner.assignment;
  const agent = new ApiClient({ baseUrl: service.url, token, doneToken });
  const done = agent.call('signalDone', { id, summary: words });
  const commit = await runner.push(`${words}.txt`, `${words}\n`);
  await runner.publish(commit);
  await done;
  return { runner, commit };
}
