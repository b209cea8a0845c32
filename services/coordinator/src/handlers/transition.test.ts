import { randomUUID } from 'node:crypto';
import type { TaskRecord } from '@roundhouse/contracts';
import { type TestRedis, startTestRedis } from '@roundhouse/testkit';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRedisTaskStore } from '../adapters/redis/redis-task-store.ts';
import type { Event } from '../domain/events.ts';
import type { TaskStore } from '../ports/tasks.ts';
import { queuedTask } from '../testing/queued-task.ts';
import type { TransitionOptions } from './commit-change.ts';
import { transition } from './transition.ts';

const clock = { now: () => new Date().toISOString(), nextId: () => randomUUID() };
const claim = (attempt: number): Event => ({ type: 'claimed', attempt, baseCommit: 'a'.repeat(40) });
const link = (attempt: number): Event => ({ type: 'linked', attempt });
const busy: Event = {
  type: 'activity_reported',
  attempt: 1,
  activity: { state: 'busy', evidence: 'status', question: null, at: clock.now() },
};
const gone: Event = { type: 'sandbox_gone', attempt: 1, kept: null, limit: null, reason: null };

let server: TestRedis;
let connections: Redis[];
/** The stores of two processes: what one of them writes, the other has not seen. */
let here: TaskStore;
let there: TaskStore;
beforeAll(async () => {
  server = await startTestRedis();
  connections = [new Redis(server.connection), new Redis(server.connection)];
  const [one, other] = await Promise.all(connections.map((redis) => createRedisTaskStore(redis)));
  if (one === undefined || other === undefined) throw new Error('there are two connections');
  [here, there] = [one, other];
});
afterAll(async () => {
  for (const redis of connections) redis.disconnect();
  await server.stop();
});

const happens = (id: string, event: Event, options?: TransitionOptions) =>
  transition({ store: here, clock }, id, event, options);

interface Story {
  readonly before?: readonly Event[];
  /** The number of the last of them, where it was a runner's. */
  readonly eventSeq?: number;
  readonly meanwhile: readonly Event[];
}

/** A task that this process saw last as `before` left it, and that another one has taken on with `meanwhile`. */
async function seenLast({ before = [], eventSeq = 0, meanwhile }: Story): Promise<TaskRecord> {
  const task = queuedTask({ id: randomUUID(), coordinatorId: randomUUID() }, clock.now());
  await here.commit({ expected: 0, task, kinds: ['created'], effects: [] });
  for (const event of before) await happens(task.id, event, event === before.at(-1) ? { eventSeq } : {});
  for (const event of meanwhile) await transition({ store: there, clock }, task.id, event);
  const seen = here.lastSeen(task.id);
  expect(seen?.version).toBe(1 + before.length);
  return seen as TaskRecord;
}

describe('a transition in a process that saw the task a while ago', () => {
  it('TL-16: refuses nothing that the stored record takes', async () => {
    const { id } = await seenLast({ meanwhile: [claim(1), link(1)] });
    // In the queued task that was seen there is nobody to say so.
    expect(await happens(id, busy)).toMatchObject({
      version: 4,
      lifecycle: { state: 'running' },
      activity: { state: 'busy' },
    });
  });

  it('TL-16: takes nothing for said already that the stored record has not heard', async () => {
    const { id } = await seenLast({ meanwhile: [claim(1), link(1)] });
    // The queued task that was seen has no sandbox: there would be nothing to note.
    const lost = await happens(id, gone);
    expect(lost).toMatchObject({ version: 4, lifecycle: { state: 'queued' }, attempt: 2, sandboxes: [] });
    expect(await there.read(id)).toEqual(lost);
  });

  it('TL-16: holds a runner’s number against the attempt that is stored, not against the one before', async () => {
    const { id } = await seenLast({
      before: [claim(1), link(1), busy],
      eventSeq: 3,
      meanwhile: [{ type: 'attempt_lost', attempt: 1, reason: 'silent' }, claim(2), link(2)],
    });
    const exited: Event = { type: 'agent_exited', attempt: 2, code: 0, signal: null };
    const ended = await happens(id, exited, { eventSeq: 1 });
    expect(ended).toMatchObject({ lifecycle: { state: 'ended', end: { kind: 'exited' } }, attempt: 2, eventSeq: 1 });
  });

  it('TL-16: the same holds for the record that its caller has read', async () => {
    const known = await seenLast({ meanwhile: [claim(1)] });
    expect(await happens(known.id, link(1), { known })).toMatchObject({ version: 3, lifecycle: { state: 'running' } });
    expect(await happens(known.id, gone, { known })).toMatchObject({ lifecycle: { state: 'queued' }, attempt: 2 });
  });

  it('TL-1: changes nothing that the stored record refuses', async () => {
    const { id } = await seenLast({ meanwhile: [{ type: 'close_requested', reason: 'asked' }] });
    const stored = await there.read(id);
    const prompt: Event = { type: 'prompt_requested', promptId: randomUUID(), bytes: 1 };
    await expect(happens(id, prompt)).rejects.toMatchObject({ code: 'task_ended' });
    expect(await there.read(id)).toEqual(stored);
  });
});
