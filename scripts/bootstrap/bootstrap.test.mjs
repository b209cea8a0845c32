import { once } from 'node:events';
import { readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { smallCheckout, start } from '../testing/small-checkout.mjs';

const INSTALL_MS = 180_000;

/** @type {{ path: string, remove: () => Promise<void> }} */
let checkout;
beforeAll(async () => {
  checkout = await smallCheckout();
});
afterAll(() => checkout.remove());

/** @param {readonly string[]} args */
const up = (args) => start(checkout.path, process.execPath, ['scripts/bootstrap.mjs', 'up', ...args]);

describe('from a bare checkout', () => {
  it(
    'B-1, B-2: two at once install and build once, and both run',
    async () => {
      const both = [up(['--json']), up(['--json', 'a b'])];
      expect(await Promise.all(both.map(({ code }) => code))).toEqual([0, 0]);
      expect(both.map(({ said }) => JSON.parse(said.out).args)).toEqual([
        ['up', '--json'],
        ['up', '--json', 'a b'],
      ]);
      const words = both.map(({ said }) => said.err).join('');
      expect(words.match(/installing dependencies/g)).toHaveLength(1);
      expect(words.match(/built in/g)).toHaveLength(1);
      expect(words).toContain('waiting for another bootstrap');
      expect(await readdir(join(checkout.path, '.roundhouse'))).toEqual([]);
    },
    INSTALL_MS,
  );

  it('B-1: the next start does neither, and is there at once', async () => {
    const began = performance.now();
    const { said, code } = up([]);
    expect(await code).toBe(0);
    expect(said.err).toBe('');
    expect(performance.now() - began).toBeLessThan(10_000);
  });

  it('B-1: a changed source and a missing output are built again, and only built', async () => {
    const source = join(checkout.path, 'packages/cli/src/bundle/main.ts');
    await utimes(source, new Date(), new Date());
    const changed = up([]);
    expect(await changed.code).toBe(0);
    expect(changed.said.err).toMatch(/^roundhouse: built in [\d.]+ s\n$/);
    await rm(join(checkout.path, 'packages/cli/dist'), { recursive: true });
    const missing = up([]);
    expect(await missing.code).toBe(0);
    expect(missing.said.err).toMatch(/^roundhouse: built in [\d.]+ s\n$/);
  });

  it('B-5: npm start prints nothing on standard output but what the service prints', async () => {
    const { said, code } = start(checkout.path, 'npm', ['start', '--', '--json']);
    expect(await code).toBe(0);
    expect(said.out).toMatch(/^\{"args":\["up","--json"\],"pid":\d+\}\n$/);
  });

  it('B-6: the exit code passes through, and the service is the very process that was started', async () => {
    const failing = up(['--fail']);
    expect(await failing.code).toBe(7);
    const staying = up(['--stay']);
    await once(staying.child.stdout, 'data');
    expect(JSON.parse(staying.said.out).pid).toBe(staying.child.pid);
    staying.child.kill('SIGTERM');
    expect(await staying.code).toBe(3);
  });

  it('B-1: the command line of a checkout does the same without a word', async () => {
    const { said, code } = start(checkout.path, process.execPath, ['scripts/roundhouse.mjs', 'task', 'ls']);
    expect(await code).toBe(0);
    expect(JSON.parse(said.out).args).toEqual(['task', 'ls']);
    expect(said.err).toBe('');
  });

  it('B-7: a build that fails is told, exits with its code and is tried again', async () => {
    const broken = join(checkout.path, 'packages/cli/src/broken.ts');
    await writeFile(broken, 'export const wrong: number = ;\n');
    const failed = up([]);
    expect(await failed.code).not.toBe(0);
    expect(failed.said.err).toMatch(/broken\.ts.*TS1109/);
    expect(failed.said.out).toBe('');
    await rm(broken);
    expect(await up([]).code).toBe(0);
  });

  it(
    'B-7: an install that was cut off is done again',
    async () => {
      await rm(join(checkout.path, 'node_modules/.roundhouse-lock'));
      await rm(join(checkout.path, 'node_modules/typescript/lib'), { recursive: true });
      const { said, code } = up([]);
      expect(await code).toBe(0);
      expect(said.err).toContain('installing dependencies');
    },
    INSTALL_MS,
  );
});

it('an unknown target is refused with the targets that there are', async () => {
  const { said, code } = start(checkout.path, process.execPath, ['scripts/bootstrap.mjs', 'nope']);
  expect(await code).toBe(2);
  expect(said.err).toMatch(
    /no target "nope"; there are: up, demo, test, test:agents, check, bench, agents:replay, generate/,
  );
});
