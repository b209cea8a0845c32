import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { failOnLeaks, temporaryFolder, within } from '@roundhouse/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { allOf, startLocalDoor, talk } from './testing/door-client.ts';
import { type RelayWish, type RunningRelay, startTestRelay } from './testing/running-relay.ts';
import { listen, startHttp, startTcp, type TestServer } from './testing/servers.ts';

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

/** Sends back what it got once the other side has ended its half. */
const echoAtEnd = (): Promise<TestServer> =>
  startTcp((socket) => {
    void allOf(socket).then((got) => socket.end(got));
  });

describe('pass-through doors', () => {
  it('RL-1: bytes of any kind go both ways, and a half-close is passed on', async () => {
    const server = keep(await echoAtEnd());
    const relay = await relayFor({ coordinatorPort: server.port, mcpPort: server.port });
    const bytes = Buffer.from(Array.from({ length: 3_000_000 }, (_, index) => (index * 7 + (index >> 8)) % 256));
    for (const path of [relay.coordinator, relay.mcp]) {
      const socket = connect({ path, allowHalfOpen: true });
      socket.end(bytes);
      expect((await allOf(socket)).equals(bytes)).toBe(true);
    }
  });

  it('RL-1: a server that ends first is heard, and what the client still says arrives', async () => {
    const heard: Promise<Buffer>[] = [];
    const server = keep(
      await startTcp((socket) => {
        heard.push(allOf(socket));
        socket.end('hello');
      }),
    );
    const relay = await relayFor({ coordinatorPort: server.port });
    const socket = connect({ path: relay.coordinator, allowHalfOpen: true });
    expect((await allOf(socket)).toString()).toBe('hello');
    socket.end('and good bye');
    await once(socket, 'close');
    expect((await within(20_000, 'the last words', Promise.all(heard))).map(String)).toEqual(['and good bye']);
  });

  it('RL-1: git clones and curl asks through a door', async () => {
    const folder = await temporaryFolder();
    cleanups.push(folder.remove);
    const bare = await bareRepository(folder.path);
    const server = keep(await startFileServer(folder.path));
    const relay = await relayFor({ coordinatorPort: server.port });
    const local = keep(await startLocalDoor(relay.coordinator));
    await run('git', ['clone', '--quiet', `http://127.0.0.1:${local.port}/${bare}`, join(folder.path, 'clone')]);
    expect(await readFile(join(folder.path, 'clone/file.txt'), 'utf8')).toBe('content\n');
    const { stdout } = await run('curl', ['-sS', '--unix-socket', relay.coordinator, `http://x/${bare}/HEAD`]);
    expect(stdout).toContain('ref: refs/heads/');
  });

  it('RL-2: a WebSocket stays open, carries both ways, and its end is heard', async () => {
    const http = createHttpServer();
    const sockets = new WebSocketServer({ server: http });
    cleanups.push(() => new Promise((resolve) => sockets.close(() => resolve())));
    sockets.on('connection', (socket) => {
      socket.on('message', (data: Buffer) => socket.send(`echo ${data.toString()}`));
    });
    const server = keep(await listen(http));
    const relay = await relayFor({ coordinatorPort: server.port });
    const client = new WebSocket(`ws+unix://${relay.coordinator}:/link`);
    await once(client, 'open');
    for (const word of ['one', 'two', 'x'.repeat(300_000)]) {
      client.send(word);
      const [data] = (await once(client, 'message')) as [Buffer];
      expect(data.toString()).toBe(`echo ${word}`);
    }
    const closed = once(client, 'close');
    sockets.clients.forEach((socket) => socket.close(4_001, 'enough'));
    expect(((await closed) as [number])[0]).toBe(4_001);
  });

  it('RL-5: while the coordinator is away a connection is closed at once, and the log says it once a second', async () => {
    const server = await startHttp((_, response) => response.end('there'));
    await server.close();
    const relay = await relayFor({ coordinatorPort: server.port });
    const began = performance.now();
    for (let index = 0; index < 50; index += 1) expect(await talk(relay.coordinator, '')).toBe('');
    const tookMs = performance.now() - began;
    expect(tookMs).toBeLessThan(5_000);
    expect(relay.lines.length).toBeGreaterThan(0);
    expect(relay.lines.length).toBeLessThanOrEqual(tookMs / 1_000 + 2);
  });

  it('RL-7: a slow reader slows the writer; nothing is heaped up in between', async () => {
    const written = { bytes: 0 };
    const server = keep(
      await startTcp((socket) => {
        const chunk = Buffer.alloc(65_536);
        const write = (): void => {
          do written.bytes += chunk.length;
          while (socket.write(chunk));
        };
        socket.on('drain', write);
        write();
      }),
    );
    const relay = await relayFor({ coordinatorPort: server.port });
    const socket = connect(relay.coordinator);
    await once(socket, 'readable');
    const settled = await settledValue(() => written.bytes);
    // Kernel buffers of a TCP connection and a Unix socket, and four streams of 64 KiB.
    expect(settled).toBeLessThan(16_000_000);
    socket.resume();
    await within(
      10_000,
      'the writer going on',
      until(socket, () => written.bytes > settled + 30_000_000),
    );
    socket.destroy();
    await once(socket, 'close');
  });

  it('RL-8: a connection that breaks on one side breaks on the other', async () => {
    const taken: Socket[] = [];
    const server = keep(
      await startTcp((socket) => {
        taken.push(socket);
        socket.write('taken');
      }),
    );
    const relay = await relayFor({ coordinatorPort: server.port });
    const client = connect(relay.coordinator);
    await once(client, 'data');
    const ended = once(client, 'close');
    taken[0]?.resetAndDestroy();
    await within(20_000, 'the client hearing of it', ended);
  });
});

async function bareRepository(root: string): Promise<string> {
  const work = join(root, 'work');
  const git = (...args: string[]): Promise<unknown> => run('git', ['-C', work, ...args]);
  await mkdir(work);
  await git('init', '--quiet');
  await writeFile(join(work, 'file.txt'), 'content\n');
  await git('add', '.');
  await git('-c', 'user.name=t', '-c', 'user.email=t@t', 'commit', '--quiet', '-m', 'one');
  await git('clone', '--quiet', '--bare', '.', join(root, 'bare.git'));
  await run('git', ['-C', join(root, 'bare.git'), 'update-server-info']);
  return 'bare.git';
}

/** Git's dumb protocol needs no more than files. */
const startFileServer = (root: string): Promise<TestServer> =>
  startHttp((request, response) => {
    const path = new URL(request.url ?? '/', 'http://x').pathname;
    readFile(join(root, path)).then(
      (content) => response.end(content),
      () => response.writeHead(404).end(),
    );
  });

/** The value once it has not changed for 300 ms. The kernel says nothing when its buffers are full. */
async function settledValue(read: () => number): Promise<number> {
  let last = -1;
  while (read() !== last) {
    last = read();
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  return last;
}

const until = (socket: Socket, isSo: () => boolean): Promise<void> =>
  new Promise((resolve) => {
    socket.on('data', () => {
      if (isSo()) resolve();
    });
  });
