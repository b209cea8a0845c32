import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type Server, type Socket, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TcpDoors } from './tcp-doors.ts';

let folder: string;
let path: string;
let port: number;
let server: Server;
let peers: Socket[];
let onPeer: (peer: Socket) => void;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rh-door-'));
  path = join(folder, 'out.sock');
  peers = [];
  onPeer = (peer) => void peer.pipe(peer);
  server = createServer({ allowHalfOpen: true }, (peer) => {
    peers.push(peer);
    peer.on('error', () => undefined);
    onPeer(peer);
  }).listen(path);
  await once(server, 'listening');
  port = await freePort();
});
afterEach(async () => {
  for (const peer of peers) peer.destroy();
  if (server.listening) await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true });
});

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port: free } = probe.address() as { port: number };
  await new Promise((resolve) => probe.close(resolve));
  return free;
}

const dial = (): Socket => connect({ port, host: '127.0.0.1', allowHalfOpen: true });
/** Resolves when the other side has ended or dropped it. */
const closed = (socket: Socket): Promise<unknown> =>
  new Promise((resolve) => {
    socket.on('error', resolve).on('end', resolve).on('close', resolve).resume();
  });

describe('doors', () => {
  it('R-29: put bytes through both ways, the end of each way by itself, to the Unix socket', async () => {
    const doors = await TcpDoors.open([{ port, socket: path }]);
    // It answers only when it has seen the end of what is sent.
    onPeer = (peer) => {
      const parts: Buffer[] = [];
      peer.on('data', (data) => parts.push(data));
      peer.on('end', () => peer.end(Buffer.concat([...parts, Buffer.from(' and back')])));
    };
    const sent = Buffer.alloc(3_000_000, 'x');
    const socket = dial();
    socket.end(sent);
    const got = await buffer(socket);
    expect(got.length).toBe(sent.length + 9);
    expect(got.subarray(-9).toString()).toBe(' and back');
    await doors.close();
  });

  it('R-29: an error of one side ends the other, and a socket that is not there ends the connection', async () => {
    const doors = await TcpDoors.open([{ port, socket: path }]);
    const socket = dial();
    socket.write('hello');
    await once(socket, 'data');
    peers[0]?.destroy();
    await closed(socket);
    const other = dial();
    other.write('hello');
    await once(other, 'data');
    other.resetAndDestroy();
    await closed(peers[1] as Socket);

    await new Promise((resolve) => server.close(resolve));
    await rm(path, { force: true });
    await closed(dial());
    await doors.close();
  });

  it('R-29: let 256 through at once and no more, and closing ends them all', async () => {
    const doors = await TcpDoors.open([{ port, socket: path }]);
    const sockets = Array.from({ length: 256 }, dial);
    await Promise.all(
      sockets.map(async (socket) => {
        socket.write('x');
        await once(socket, 'data');
      }),
    );
    await closed(dial());
    expect(peers).toHaveLength(256);
    const all = Promise.all([...sockets, ...peers].map(closed));
    await doors.close();
    await all;
    await expect(once(dial(), 'connect')).rejects.toThrow('ECONNREFUSED');
  });

  it('R-29: a port that is taken opens none of them', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port: other } = taken.address() as { port: number };
    const doors = [
      { port, socket: path },
      { port: other, socket: path },
    ];
    await expect(TcpDoors.open(doors)).rejects.toThrow('EADDRINUSE');
    await expect(once(dial(), 'connect')).rejects.toThrow('ECONNREFUSED');
    await new Promise((resolve) => taken.close(resolve));
  });
});
