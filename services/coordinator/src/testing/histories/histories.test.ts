import { type TestRedis, startTestRedis } from '@roundhouse/testkit';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { createRedisEventFeed } from '../../adapters/redis/redis-event-feed.ts';
import { type Reached, noteCalls, noteStore } from './reached.ts';
import { perform } from './perform.ts';
import { settle } from './settle.ts';
import { type Step, step } from './steps.ts';
import { type Connections, World } from './world.ts';

/** How many histories; a nightly run plays 10,000. With a seed the same ones are played again. */
const HISTORIES = Number(process.env['ROUNDHOUSE_HISTORIES'] ?? 300);
const SEED = process.env['ROUNDHOUSE_HISTORIES_SEED'];
const MAX_STEPS = 60;

let server: TestRedis;
let connections: Connections;
beforeAll(async () => {
  server = await startTestRedis();
  const [redis, subscriber] = [new Redis(server.connection), new Redis(server.connection)];
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
      console.error(
        [...reached]
          .sort()
          .map((row) => row.join(': '))
          .join('\n'),
      );
    },
  );
});
