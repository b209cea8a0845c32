import { once } from 'node:events';
import { lstat, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { type Socket, connect } from 'node:net';
import { join } from 'node:path';
import { failOnLeaks, temporaryFolder, within } from '@roundhouse/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import { ask } from './testing/door-client.ts';
import { type RelayWish, type RunningRelay, SLOT, doorsOf, startTestRelay } from './testing/running-relay.ts';
import { type TestServer, startHttp, startTcp } from './testing/servers.ts';

failOnLeaks();

const ANOTHER = 'aaaaaaaaaaaa';
const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).toReversed()) await clean();
});
async function answering(): Promise<TestServer> {
  const server = await startHttp((_, response) => response.end('ok'));
  cleanups.push(server.close);
  return server;
}
async function doorsFolder(): Promise<string> {
  const folder = await temporaryFolder();
  cleanups.push(folder.remove);
  return join(folder.path, 'doors');
}
async function relayFor(wish: RelayWish): Promise<RunningRelay> {
  const relay = await startTestRelay(wish);
  cleanups.push(relay.stop);
  return relay;
}
/** Made under another name first, as the launcher does. */
async function makeSlot(folder: string, slot: string): Promise<void> {
  await mkdir(join(folder, `.new-${slot}`));
  await rename(join(folder, `.new-${slot}`), join(folder, slot));
}
const isThere = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false,
  );
/** There is no watch here: the watch is what is tested. */
const until = (what: string, isSo: () => Promise<boolean>): Promise<void> =>
  within(
    5_000,
    what,
    (async () => {
      while (!(await isSo())) await new Promise((resolve) => setImmediate(resolve));
    })(),
  );
const opened = (folder: string, slot: string): Promise<void> =>
  until(`the doors of ${slot}`, () => isThere(doorsOf(folder, slot).coordinator));
const answers = async (path: string): Promise<number | string> =>
  await ask(path, '/').then(({ status }) => status, String);
const holding = (path: string): Socket => {
  const socket = connect(path);
  socket.on('error', () => socket.destroy());
  return socket;
};

describe('folders of slots', () => {
  it('RL-21: one that appears gets its three doors, the coordinator’s last; those of others are not touched', async () => {
    const { port } = await answering();
    const relay = await relayFor({ coordinatorPort: port, mcpPort: port });
    const before = await lstat(relay.coordinator);
    const began = performance.now();
    await makeSlot(relay.folder, ANOTHER);
    await opened(relay.folder, ANOTHER);
    expect(performance.now() - began).toBeLessThan(1_000);
    const doors = doorsOf(relay.folder, ANOTHER);
    expect([await answers(doors.coordinator), await answers(doors.mcp)]).toEqual([200, 200]);
    expect((await ask(doors.egress, 'http://example.com/')).status).toBe(403);
    expect((await lstat(relay.coordinator)).ino).toBe(before.ino);
  });

  it('RL-21: a hundred at once all get theirs', async () => {
    const { port } = await answering();
    const relay = await relayFor({ coordinatorPort: port, slots: 'none' });
    const slots = Array.from({ length: 100 }, (_, index) => index.toString(16).padStart(12, '0'));
    await Promise.all(slots.map((slot) => makeSlot(relay.folder, slot)));
    await Promise.all(slots.map((slot) => opened(relay.folder, slot)));
    const all = await Promise.all(slots.map((slot) => answers(doorsOf(relay.folder, slot).coordinator)));
    expect(new Set(all)).toEqual(new Set([200]));
    await Promise.all(slots.map((slot) => rm(join(relay.folder, slot), { recursive: true })));
  });

  it('RL-22: one that goes away ends what is open through it, and nothing of another', async () => {
    const server = await startTcp((socket) => socket.write('hello'));
    cleanups.push(server.close);
    const relay = await relayFor({ coordinatorPort: server.port });
    await makeSlot(relay.folder, ANOTHER);
    await opened(relay.folder, ANOTHER);
    const [goes, stays] = [holding(doorsOf(relay.folder, ANOTHER).coordinator), holding(relay.coordinator)];
    await Promise.all([goes, stays].map((socket) => once(socket, 'data')));
    const ended = once(goes.resume(), 'close');
    await rename(join(relay.folder, ANOTHER), join(relay.folder, `.removed-${ANOTHER}`));
    await within(20_000, 'its end', ended);
    expect(stays.destroyed).toBe(false);
    await rm(join(relay.folder, `.removed-${ANOTHER}`), { recursive: true });
    await makeSlot(relay.folder, ANOTHER);
    await opened(relay.folder, ANOTHER);
    stays.destroy();
  });

  it('RL-22: another folder under the same name between two looks gets doors of its own', async () => {
    const { port } = await answering();
    const relay = await relayFor({ coordinatorPort: port });
    for (let round = 0; round < 20; round += 1) {
      const old = join(relay.folder, `.removed-${round}`);
      await mkdir(join(relay.folder, `.new-${SLOT}`));
      await rename(join(relay.folder, SLOT), old);
      await rename(join(relay.folder, `.new-${SLOT}`), join(relay.folder, SLOT));
      await opened(relay.folder, SLOT);
      expect(await answers(relay.coordinator)).toBe(200);
      await rm(old, { recursive: true });
    }
  });

  it('RL-23: a relay that starts opens the doors of the slots that are there, as before it in the same places', async () => {
    const { port } = await answering();
    const folder = await doorsFolder();
    const wish = { coordinatorPort: port, folder };
    const first = await startTestRelay(wish);
    await makeSlot(folder, ANOTHER);
    await opened(folder, ANOTHER);
    await first.stop();
    await makeSlot(folder, 'bbbbbbbbbbbb');
    await rm(join(folder, SLOT), { recursive: true });
    await relayFor({ ...wish, slots: 'none' });
    for (const slot of [ANOTHER, 'bbbbbbbbbbbb']) expect(await answers(doorsOf(folder, slot).coordinator)).toBe(200);
    expect(await isThere(join(folder, SLOT))).toBe(false);
  });

  it('RL-23: one that another has taken over from opens no more, so that its end closes nothing', async () => {
    const { port } = await answering();
    const folder = await doorsFolder();
    const wish = { coordinatorPort: port, folder };
    const [first, second] = [await startTestRelay(wish), await relayFor(wish)];
    await makeSlot(folder, ANOTHER);
    await opened(folder, ANOTHER);
    await first.stop();
    expect([await answers(second.coordinator), await answers(doorsOf(folder, ANOTHER).coordinator)]).toEqual([
      200, 200,
    ]);
  });

  it('RL-24: what is not called like a slot, or is no folder, gets no door', async () => {
    const { port } = await answering();
    const relay = await relayFor({ coordinatorPort: port });
    const strays = [
      '.new-cccccccccccc',
      '.removed-cccccccccccc',
      'CCCCCCCCCCCC',
      'cccccccccccc0',
      'ccccccccccc',
      'lost+found',
    ];
    for (const name of strays) await mkdir(join(relay.folder, name));
    await writeFile(join(relay.folder, 'dddddddddddd'), '');
    const elsewhere = await doorsFolder();
    await mkdir(elsewhere);
    await symlink(elsewhere, join(relay.folder, 'eeeeeeeeeeee'));
    // What came before it in the same folder has been looked at when this one has its doors.
    await makeSlot(relay.folder, ANOTHER);
    await opened(relay.folder, ANOTHER);
    for (const name of [...strays, 'eeeeeeeeeeee'])
      expect([name, await isThere(doorsOf(relay.folder, name).coordinator)]).toEqual([name, false]);
    expect(relay.lines.filter(({ level }) => Number(level) >= 40)).toEqual([]);
  });

  it('RL-24: a slot that cannot have doors costs the others nothing', async () => {
    const { port } = await answering();
    const relay = await relayFor({ coordinatorPort: port });
    // A folder stands where the socket belongs.
    await mkdir(join(relay.folder, '.new', 'egress.sock', 'x'), { recursive: true });
    await rename(join(relay.folder, '.new'), join(relay.folder, 'ffffffffffff'));
    await makeSlot(relay.folder, ANOTHER);
    await opened(relay.folder, ANOTHER);
    expect(await answers(doorsOf(relay.folder, ANOTHER).coordinator)).toBe(200);
    expect(relay.lines.filter(({ level }) => Number(level) >= 50)[0]).toMatchObject({ slot: 'ffffffffffff' });
  });
});
