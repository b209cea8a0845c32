import { type TestRedis, startTestRedis } from '@roundhouse/testkit';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRedisEventFeed } from '../../adapters/redis/redis-event-feed.ts';
import { type Reached, noteCalls, noteStore } from './reached.ts';
import { perform } from './perform.ts';
import { settle } from './settle.ts';
import { type Step, step } from './steps.ts';
import { type Connections, World } from './world.ts';

/** How many histories; a nightly run plays 10,000, and longer ones. With a seed the same ones are played again. */
const HISTORIES = Number(process.env['ROUNDHOUSE_HISTORIES'] ?? 300);
const SEED = process.env['ROUNDHOUSE_HISTORIES_SEED'];
const MAX_STEPS = HISTORIES > 300 ? 70 : 40;
/** Where 300 histories have been for certain; each of them by far more than once. */
const PLACES = [
  ...['queued', 'starting', 'running', 'ended', 'closed'].map((state) => `lifecycle ${state}`),
  ...['cancelled', 'exited', 'failed', 'lost'].map((kind) => `end ${kind}`),
  ...['none', 'landed'].map((state) => `landing ${state}`),
  ...['none', 'signalled'].map((state) => `completion ${state}`),
  ...['none', 'acknowledged'].map((state) => `delivery ${state}`),
  ...['admitted', 'turn'].map((state) => `admission ${state}`),
  ...['retrying', 'closed', 'signalled', 'landed', 'quota', 'control', 'sandbox_gone'].map((kind) => `event ${kind}`),
  'attempt 2',
  'crashed',
  'broken off',
  'refused attempt_stale',
  'refused not_signalled',
];

let server: TestRedis;
let connections: Connections;
beforeAll(async () => {
  server = await startTestRedis();
  const [redis, subscriber] = [new Redis(server.connection), new Redis(server.connection)];
  // What is played is over with the test: a disk under it would only slow it down.
  await redis.config('SET', 'appendonly', 'no');
  connections = { redis, subscriber, feed: await createRedisEventFeed(subscriber) };
});
afterAll(async () => {
  connections.redis.disconnect();
  connections.subscriber.disconnect();
  await server.stop();
});

const reached: Reached = new Map();

async function play(steps: readonly Step[], maxRunning: number | null): Promise<void> {
  const world = await World.create(connections, maxRunning);
  try {
    let alone = true;
    for (const one of steps) {
      await perform(world, one);
      if (one.together) {
        alone = false;
        continue;
      }
      await world.quiet();
      await world.check(alone);
      alone = true;
    }
    await settle(world);
    noteStore(reached, world.snapshot);
    noteCalls(reached, world);
  } finally {
    await world.end();
  }
}

describe('random histories of the whole store', () => {
  it(
    'MB-2: every invariant holds after every step, whatever crashes, comes twice, late or out of order',
    { timeout: 60_000 + HISTORIES * 1_000 },
    async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(step, { minLength: 10, maxLength: MAX_STEPS, size: 'max' }),
          fc.constantFrom(null, 3),
          play,
        ),
        { numRuns: HISTORIES, ...(SEED === undefined ? {} : { seed: Number(SEED) }) },
      );
      if (HISTORIES >= 300) expect(PLACES.filter((place) => !reached.has(place))).toEqual([]);
    },
  );
});
