import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { failOnLeaks, temporaryFolder, within } from '@roundhouse/testkit';
import { expect, it } from 'vitest';
import { ConnectionBudget } from '../domain/connection-budget.ts';
import { recordingLog } from '../testing/running-relay.ts';
import { openDoor } from './door.ts';

failOnLeaks();

it('RL-6: a full door closes one more at once, says so, and serves again when there is room', async () => {
  const folder = await temporaryFolder();
  const { log } = recordingLog();
  const turned: string[] = [];
  const share = new ConnectionBudget({ connections: 64, descriptors: 1_024 }).openSlot();
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.write('hello');
    socket.resume();
  });
  const door = await openDoor(server, {
    folder: folder.path,
    name: 'd.sock',
    maxConnections: 3,
    share,
    turnedAway: (why) => turned.push(why),
    log,
  });
  const dial = (): Socket => {
    const socket = connect(join(folder.path, 'd.sock'));
    socket.on('error', () => socket.destroy());
    return socket;
  };
  const held = [dial(), dial(), dial()];
  await Promise.all(held.map((socket) => once(socket, 'data')));
  for (let index = 0; index < 5; index += 1) {
    const turnedAway = dial();
    let got = 0;
    turnedAway.on('data', (chunk: Buffer) => (got += chunk.length));
    await within(20_000, 'the end of one too many', once(turnedAway, 'close'));
    expect(got).toBe(0);
  }
  expect(turned).toEqual(Array.from({ length: 5 }, () => 'the door has its 3 connections'));
  const freed = server.listenerCount('connection');
  held[0]?.end();
  await once(held[0] as Socket, 'close');
  const again = dial();
  await within(20_000, 'room again', once(again, 'data'));
  expect(server.listenerCount('connection')).toBe(freed);

  const ends = [...held.slice(1), again].map((socket) => once(socket.resume(), 'close'));
  await within(2_000, 'the door closing', door.close(500));
  await Promise.all(ends);
  await folder.remove();
});
