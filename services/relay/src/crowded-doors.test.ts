import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { type Socket, connect } from 'node:net';
import { join } from 'node:path';
import { failOnLeaks, within } from '@roundhouse/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import { ask } from './testing/door-client.ts';
import { type RunningRelay, SLOT, doorsOf, startTestRelay } from './testing/running-relay.ts';
import { type TestServer, startTcp } from './testing/servers.ts';

failOnLeaks();

const OTHER = 'aaaaaaaaaaaa';
const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).toReversed()) await clean();
});
async function greeting(): Promise<TestServer> {
  const server = await startTcp((socket) => socket.write('hello'));
  cleanups.push(server.close);
  return server;
}
/** A relay for several slots. */
async function relayFor(slots: readonly string[], port: number, maxConnections?: number): Promise<RunningRelay> {
  const most = maxConnections === undefined ? {} : { maxConnections };
  const relay = await startTestRelay({ coordinatorPort: port, mcpPort: port, ...most });
  cleanups.push(relay.stop);
  for (const slot of slots) await mkdir(join(relay.folder, slot));
  await within(
    5_000,
    'their doors',
    (async () => {
      for (const slot of slots)
        while ((await ask(doorsOf(relay.folder, slot).egress, 'http://x.test/').catch(() => null)) === null);
    })(),
  );
  return relay;
}
/** Whether a connection is put through: it stays open then, until the test's end. */
async function entered(path: string): Promise<boolean> {
  const socket: Socket = connect(path);
  cleanups.push(() => void socket.destroy());
  socket.on('error', () => socket.destroy());
  return await new Promise((resolve) => {
    socket.once('data', () => resolve(true));
    socket.once('close', () => resolve(false));
    socket.resume();
  });
}
async function enteredOf(path: string, tries: number): Promise<number> {
  let count = 0;
  for (let index = 0; index < tries; index += 1) if (await entered(path)) count += 1;
  return count;
}
const warnings = (relay: RunningRelay): Record<string, unknown>[] =>
  relay.lines.filter(({ msg }) => msg === 'a connection of a sandbox was turned away');

describe('a sandbox that takes all it can', () => {
  it('RL-25: fills its own doors and no other’s; one line a second names its slot', async () => {
    const { port } = await greeting();
    const relay = await relayFor([OTHER], port);
    const began = performance.now();
    expect(await enteredOf(relay.coordinator, 300)).toBe(128);
    expect(await enteredOf(relay.mcp, 300)).toBe(256);
    const tookMs = performance.now() - began;
    const lines = warnings(relay);
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.length).toBeLessThanOrEqual(tookMs / 1_000 + 1);
    expect(new Set(lines.map(({ slot }) => slot))).toEqual(new Set([SLOT]));
    const others = doorsOf(relay.folder, OTHER);
    expect([await enteredOf(others.coordinator, 20), await enteredOf(others.mcp, 20)]).toEqual([20, 20]);
    expect((await ask(others.egress, 'http://example.com/')).status).toBe(403);
  });

  it('RL-26: however many do so together, one that needs little still gets it', async () => {
    const { port } = await greeting();
    const slots = Array.from({ length: 6 }, (_, index) => String(index).repeat(12));
    const relay = await relayFor([...slots, OTHER], port, 128);
    let held = 0;
    for (const slot of slots) {
      const doors = doorsOf(relay.folder, slot);
      const got = (await enteredOf(doors.coordinator, 60)) + (await enteredOf(doors.mcp, 60));
      expect(got).toBeLessThanOrEqual(32);
      held += got;
    }
    expect(held).toBeGreaterThanOrEqual(96);
    expect(held).toBeLessThan(128);
    expect(await enteredOf(doorsOf(relay.folder, OTHER).coordinator, 2)).toBe(2);
    expect((await ask(doorsOf(relay.folder, OTHER).egress, 'http://example.com/')).status).toBe(403);
  });

  it('RL-26: an egress door without room ends a connection at once and serves again when there is room', async () => {
    const { port } = await greeting();
    const relay = await relayFor([], port, 64);
    const sockets = Array.from({ length: 40 }, () => connect(relay.egress));
    for (const socket of sockets) socket.on('error', () => socket.destroy()).resume();
    const closed = sockets.map((socket) => once(socket, 'close').then(() => socket));
    await within(20_000, 'one turned away', Promise.race(closed));
    sockets.forEach((socket) => socket.destroy());
    await Promise.all(closed);
    await within(
      2_000,
      'room again',
      (async () => {
        while ((await ask(relay.egress, 'http://example.com/').catch(() => null))?.status !== 403);
      })(),
    );
  });
});
