import { access } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { leaksSince, takeBaseline } from './leak-check.ts';
import { startTestRedis } from './redis.ts';

it('starts a real Redis on a socket of its own and leaves nothing', async () => {
  const baseline = await takeBaseline();
  const redis = await startTestRedis();
  await access(redis.connection);
  expect(() => process.kill(redis.pid, 0)).not.toThrow();
  expect(await leaksSince(baseline, 50)).toContainEqual(expect.stringMatching(/(?:redis|valkey)-server/));
  await redis.stop();
  expect(await leaksSince(baseline)).toEqual([]);
  await expect(access(redis.connection)).rejects.toThrow(/ENOENT/);
});

it('keeps two of them apart', async () => {
  const [one, two] = await Promise.all([startTestRedis(), startTestRedis()]);
  expect(one.connection).not.toBe(two.connection);
  await Promise.all([one.stop(), two.stop()]);
});
