import { type TestRedis, startTestRedis, within } from '@roundhouse/testkit';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Effect } from '../../domain/events.ts';
import { KEYS } from './keys.ts';
import { createRedisOutbox } from './redis-outbox.ts';

const log = pino({ level: 'silent' });
const GROUP = 'effects';
/** Far beyond the five seconds after which it is looked: what is waited for is an event, and this is its bound. */
const BOUND_MS = 40_000;

let server: TestRedis;
let redis: Redis;
const started: Process[] = [];
beforeEach(async () => {
  server = await startTestRedis();
  redis = new Redis(server.connection);
});
afterEach(async () => {
  vi.useRealTimers();
  for (const process of started.splice(0)) await process.end();
  redis.disconnect();
  await server.stop();
});

interface Process {
  /** What it was handed so far, `task tries`. */
  readonly handed: readonly string[];
  /** Resolves once it was handed this. */
  until(taskAndTries: string): Promise<void>;
  /** Stops draining, and waits for what is under way. */
  end(): Promise<void>;
}

/** One process that drains the outbox; `die` cuts it off in the midst of what it executes. */
function startProcess(name: string, execute: (taskId: string, tries: number, die: () => void) => void): Process {
  const connections = [new Redis(server.connection), new Redis(server.connection)] as const;
  const over = new AbortController();
  const die = (): void => {
    over.abort();
    for (const connection of connections) connection.disconnect();
  };
  const handed: string[] = [];
  const watchers = new Set<() => void>();
  const handle = async (effect: Effect, tries: number): Promise<void> => {
    if (effect.type !== 'land') throw new Error(`nobody has appended ${effect.type}`);
    handed.push(`${effect.taskId} ${tries}`);
    for (const look of watchers) look();
    execute(effect.taskId, tries, die);
  };
  const drained = createRedisOutbox(...connections, name, log).drain(handle, over.signal);
  const process: Process = {
    handed,
    async until(taskAndTries) {
      const coming = new Promise<void>((resolve) => {
        const look = (): void => (handed.includes(taskAndTries) ? resolve() : undefined);
        watchers.add(look);
        look();
      });
      await within(BOUND_MS, `${name} to be handed "${taskAndTries}"`, coming);
    },
    async end() {
      over.abort();
      await drained;
      die();
    },
  };
  started.push(process);
  return process;
}

const append = (taskId: string) => redis.xadd(KEYS.outbox, '*', 'effect', JSON.stringify({ type: 'land', taskId }));

/** What was handed out and is not executed: the entry, and with whom it lies. */
async function pending(): Promise<[id: string, holder: string][]> {
  const rows = (await redis.xpending(KEYS.outbox, GROUP, '-', '+', 10)) as [string, string][];
  return rows.map(([id, holder]) => [id, holder]);
}

/** Lets what is pending lie with its holder for a minute already. */
async function age(): Promise<void> {
  for (const [id, holder] of await pending())
    await redis.xclaim(KEYS.outbox, GROUP, holder, 0, id, 'IDLE', 60_000, 'JUSTID');
}

describe('the outbox', () => {
  it('has what a process left that died executed by another one, where nothing else comes', async () => {
    const dying = startProcess('dying', (_taskId, _tries, die) => die());
    await append('left');
    await dying.until('left 1');
    await dying.end();
    const living = startProcess('living', () => undefined);
    await append('other');
    // By now it has looked for the first time, and what was left a moment ago was still the other one's.
    await living.until('other 1');
    expect((await pending()).map(([, holder]) => holder)).toContain('dying');
    await age();
    await living.until('left 2');
    await living.end();
    expect(living.handed.toSorted()).toEqual(['left 2', 'other 1']);
    expect([await redis.xlen(KEYS.outbox), await pending()]).toEqual([0, []]);
  });

  it('looks every five seconds for what lies too long, also while there is always something else', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    const process = startProcess('one', (taskId, tries) => {
      if (taskId === 'failing' && tries === 1) throw new Error('not this time');
    });
    const next = async (taskId: string): Promise<void> => {
      await append(taskId);
      await process.until(`${taskId} 1`);
    };
    await next('failing');
    await age();
    vi.advanceTimersByTime(4_999);
    await next('a');
    // Between the two a look would be a round trip for nothing.
    await next('b');
    vi.advanceTimersByTime(1);
    await next('c');
    await next('d');
    expect(process.handed).toEqual(['failing 1', 'a 1', 'b 1', 'c 1', 'failing 2', 'd 1']);
    await process.end();
    expect([await redis.xlen(KEYS.outbox), await pending()]).toEqual([0, []]);
  });
});
