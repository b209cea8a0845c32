import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { failOnLeaks, within } from '@roundhouse/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listen, type TestServer } from '../testing/servers.ts';
import { type JoinBounds, join } from './join.ts';

failOnLeaks();

/** client — near ═ far — server: two real connections, joined in the middle. */
interface Line {
  readonly client: Socket;
  readonly near: Socket;
  readonly far: Socket;
  readonly server: Socket;
}

let ends: TestServer;
let middle: TestServer;
let listener: Server;
const sockets: Socket[] = [];

beforeEach(async () => {
  listener = createServer({ allowHalfOpen: true });
  ends = await listen(listener);
});
afterEach(async () => {
  sockets.splice(0).forEach((socket) => socket.destroy());
  await Promise.all([ends.close(), middle.close()]);
});

async function makeLine(bounds: JoinBounds): Promise<Line> {
  const joined: Pick<Line, 'near' | 'far'>[] = [];
  const inner = createServer({ allowHalfOpen: true }, (near) => {
    const far = connect({ host: '127.0.0.1', port: ends.port, allowHalfOpen: true });
    sockets.push(near, far);
    join(near, far, bounds);
    joined.push({ near, far });
  });
  middle = await listen(inner);
  const accepted = once(listener, 'connection') as Promise<[Socket]>;
  const client = connect({ host: '127.0.0.1', port: middle.port });
  const [server] = await accepted;
  for (const socket of [client, server]) socket.on('error', () => socket.destroy());
  sockets.push(client, server);
  const [pair] = joined;
  if (pair === undefined) throw new Error('nothing was joined');
  return { client, ...pair, server };
}

const closing = (socket: Socket): Promise<unknown> => once(socket.resume(), 'close');

describe('a joined connection', () => {
  it('RL-8: silence for longer than the bound ends both', async () => {
    const { client, server } = await makeLine({ idleMs: 300 });
    const began = performance.now();
    await within(20_000, 'both ends', Promise.all([closing(client), endOf(server)]));
    expect(performance.now() - began).toBeGreaterThan(250);
  });

  it('RL-8: bytes of either side keep it alive', async () => {
    const { client, server } = await makeLine({ idleMs: 400 });
    let isOver = false;
    void once(client, 'close').then(() => (isOver = true));
    client.resume();
    server.resume();
    for (let round = 0; round < 10; round += 1) {
      (round % 2 === 0 ? client : server).write('x');
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(isOver).toBe(false);
  });

  it('RL-8: without a bound it lives in silence, and half-closed it ends after its own bound', async () => {
    const { client, server } = await makeLine({ idleMs: null, halfClosedIdleMs: 300 });
    server.resume();
    let isOver = false;
    const closed = closing(client).then(() => (isOver = true));
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(isOver).toBe(false);
    client.end();
    await within(20_000, 'the end', closed);
  });

  it('RL-8: a client that breaks off resets the server’s side, so that a cut upload does not look whole', async () => {
    const { client, server } = await makeLine({ idleMs: null });
    client.write('half of it');
    await once(server, 'data');
    const broken = new Promise<Error>((resolve) => server.once('error', resolve));
    client.resetAndDestroy();
    expect((await within(20_000, 'the reset', broken)).message).toContain('ECONNRESET');
  });

  it('RL-8: a break while the end of the other side is on its way leaves no socket open', async () => {
    const { client, near, far, server } = await makeLine({ idleMs: null });
    server.resume();
    const closed = once(far, 'close');
    near.once('end', () => near.destroy(new Error('write EPIPE')));
    client.end();
    await within(20_000, 'the far socket being closed', closed);
    await within(20_000, 'the server hearing of it', endOf(server));
  });

  it('RL-8: what was given before a clean end arrives, however slow the reader is', async () => {
    const { client, server } = await makeLine({ idleMs: null });
    server.end(Buffer.alloc(8_000_000));
    server.resume();
    client.end();
    await new Promise((resolve) => setTimeout(resolve, 200));
    let bytes = 0;
    client.on('data', (chunk: Buffer) => (bytes += chunk.length));
    await within(30_000, 'all of it', once(client, 'end'));
    expect(bytes).toBe(8_000_000);
  });
});

/** A half-open server socket hears the end and has to close its own half. */
async function endOf(socket: Socket): Promise<void> {
  socket.resume();
  await once(socket, 'end');
  socket.end();
}
