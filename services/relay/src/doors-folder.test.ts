import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { failOnLeaks, temporaryFolder, within } from '@roundhouse/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import { allOf, ask } from './testing/door-client.ts';
import { type RelayWish, type RunningRelay, SLOT, doorsOf, startTestRelay } from './testing/running-relay.ts';
import { startHttp } from './testing/servers.ts';

failOnLeaks();

const run = promisify(execFile);
const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).toReversed()) await clean();
});
function keep<T extends { close(): Promise<void> }>(server: T): T {
  cleanups.push(() => server.close());
  return server;
}
async function relayFor(wish: RelayWish): Promise<RunningRelay> {
  const relay = await startTestRelay(wish);
  cleanups.push(relay.stop);
  return relay;
}

describe('the folder of the doors', () => {
  it('RL-3: it is 0755, the sockets are 0666, and nothing else is with them', async () => {
    const server = keep(await startHttp((_, response) => response.end('ok')));
    const umask = process.umask(0o077);
    const relay = await relayFor({ coordinatorPort: server.port }).finally(() => process.umask(umask));
    expect((await stat(relay.folder)).mode & 0o7777).toBe(0o755);
    for (const path of [relay.coordinator, relay.mcp, relay.egress]) {
      const found = await stat(path);
      expect([found.isSocket(), found.mode & 0o7777]).toEqual([true, 0o666]);
    }
    const { stdout } = await run('ls', ['-A', join(relay.folder, SLOT)]);
    expect(stdout.split('\n').filter(Boolean)).toEqual(['coordinator.sock', 'egress.sock', 'mcp.sock']);
  });

  it.skipIf(process.getuid?.() !== 0)('RL-3: a user of no rights connects', async () => {
    const server = keep(await startHttp((_, response) => response.end('ok')));
    // A folder that others may pass, as that of a service is; temporary ones of tests are private.
    const folder = `/var/tmp/rh-doors-${process.pid}`;
    await mkdir(folder);
    cleanups.push(async () => void (await run('rm', ['-r', folder])));
    const relay = await relayFor({ coordinatorPort: server.port, folder: join(folder, 'd') });
    const child = spawn('curl', ['-sS', '--unix-socket', relay.coordinator, 'http://x/'], { uid: 1_000, gid: 1_000 });
    const [out] = await Promise.all([allOf(child.stdout), once(child, 'close')]);
    expect(out.toString()).toBe('ok');
  });

  it('RL-4: a relay takes over from another under load and no connect fails', async () => {
    const server = keep(await startHttp((_, response) => response.end('ok')));
    const folder = await temporaryFolder();
    cleanups.push(folder.remove);
    const wish = { coordinatorPort: server.port, folder: join(folder.path, 'doors') };
    let relay = await startTestRelay(wish);
    const over = { isOver: false };
    const answers: (number | string)[] = [];
    const load = Array.from({ length: 8 }, async () => {
      while (!over.isOver) {
        answers.push(await ask(relay.coordinator, '/').then(({ status }) => status, String));
      }
    });
    for (let round = 0; round < 5; round += 1) {
      const before = relay;
      const count = answers.length;
      relay = await startTestRelay(wish);
      await before.stop();
      await within(
        5_000,
        'calls through the new one',
        untilTrue(() => answers.length > count + 20),
      );
    }
    over.isOver = true;
    await Promise.all(load);
    await relay.stop();
    expect(answers.filter((answer) => answer !== 200)).toEqual([]);
    expect(answers.length).toBeGreaterThan(100);
  });

  it('RL-4: the socket of a relay that was killed is replaced, and what it left half made is removed', async () => {
    const server = keep(await startHttp((_, response) => response.end('ok')));
    const folder = await temporaryFolder();
    cleanups.push(folder.remove);
    const wish = { coordinatorPort: server.port, folder: join(folder.path, 'doors') };
    await (await startTestRelay(wish)).stop();
    await writeFile(join(wish.folder, SLOT, '.door-00000000'), '');
    await run('touch', ['-d', '2 hours ago', join(wish.folder, SLOT, '.door-00000000')]);
    await expect(ask(doorsOf(wish.folder).coordinator, '/')).rejects.toThrow('ECONNREFUSED');
    const relay = await relayFor(wish);
    expect((await ask(relay.coordinator, '/')).body).toBe('ok');
    expect((await run('ls', ['-A', join(wish.folder, SLOT)])).stdout).not.toContain('.door-');
  });

  it('RL-10: a folder that is not its own is refused in words', async () => {
    await expect(startTestRelay({ folder: '/tmp', slots: 'none' })).rejects.toThrow("not a folder of this user's own");
    await expect(startTestRelay({ folder: `/tmp/${'x'.repeat(100)}`, slots: 'none' })).rejects.toThrow(
      'at most 73 bytes',
    );
  });
});

const untilTrue = async (isSo: () => boolean): Promise<void> => {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
};
