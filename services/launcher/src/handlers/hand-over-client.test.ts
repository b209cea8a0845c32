import { once } from 'node:events';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { type Server, type Socket, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LauncherHandOver, MAX_HAND_OVER_LINE } from '@roundhouse/contracts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PROFILE } from '../testing/coordinator-double.ts';
import { eventually } from '../testing/eventually.ts';
import { newOrder } from '../testing/sandboxes-suite.ts';
import { type HandOver, openHandOver } from './hand-over-client.ts';

const READY = '{"type":"ready","pid":7}\n';

let folder: string;
let path: string;
const servers: Server[] = [];
const sockets: Socket[] = [];
const clients: HandOver[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hand-over-'));
  path = join(folder, 'hand-over.sock');
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true });
});

/** A runner that says `first` at once; `next` answers its side of the next connection. */
async function runner(first: string): Promise<{ next: () => Promise<Socket> }> {
  const found: Socket[] = [];
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    sockets.push(socket);
    found.push(socket);
    socket.write(first);
  });
  servers.push(server);
  server.listen(path);
  await once(server, 'listening');
  return { next: () => eventually(() => found.shift(), 'a connection') };
}
async function open(signal = AbortSignal.timeout(5_000)): Promise<HandOver> {
  const client = await openHandOver(path, signal);
  clients.push(client);
  return client;
}
function message(): LauncherHandOver {
  const { taskId, attempt, projectId, assignment, runnerToken: token, agentEnvironment } = newOrder('plain');
  const urls = { coordinatorUrl: 'http://127.0.0.1:1', mcpUrl: 'http://127.0.0.1:1/mcp' };
  return {
    type: 'assign',
    mark: `run-${taskId}-${attempt}`,
    again: false,
    config: {
      mode: 'attempt',
      ...urls,
      projectId,
      taskId,
      attempt,
      token,
      assignment,
      folder,
      hubObjects: PROFILE.hubObjects,
      isolated: false,
      doors: [],
      worktree: 'checkout',
      proxyUrl: null,
      agentEnvironment,
    },
  };
}

describe('hand-over', () => {
  it('WP-10: waits for a socket that is not there yet, and for the word that it is ready', async () => {
    const opening = open();
    await writeFile(join(folder, 'something else'), '');
    const { next } = await runner('');
    const socket = await next();
    socket.write(READY.slice(0, 9));
    await new Promise((resolve) => setImmediate(resolve));
    socket.write(READY.slice(9));
    expect((await opening).runnerPid).toBe(7);
  });

  it('WP-10: writes the assignment as one line and answers what the runner says to it', async () => {
    const { next } = await runner(READY);
    const client = await open();
    const socket = await next();
    const sent = message();
    const answer = client.assign(sent, AbortSignal.timeout(5_000));
    const [data] = (await once(socket, 'data')) as [Buffer];
    expect(JSON.parse(data.toString())).toEqual(sent);
    expect(data.indexOf(10)).toBe(data.length - 1);
    expect(await client.assign(sent, AbortSignal.timeout(5_000))).toMatchObject({ outcome: 'refused' });
    socket.write('{"type":"taken"}\n');
    expect(await answer).toEqual({ outcome: 'taken' });
    let again = 0;
    client.onReady(() => (again += 1));
    socket.write('{"type":"ready","pid":7}\n{"type":"ready","pid":7}\n{"type":"ready"');
    await expect.poll(() => again).toBe(2);
    const second = client.assign(sent, AbortSignal.timeout(5_000));
    socket.write(',"pid":7}\n{"type":"refused","reason":"the link was refused"}\n');
    expect(await second).toEqual({ outcome: 'refused', reason: 'the link was refused' });
    const spent: string[] = [];
    client.onSpent((reason) => spent.push(reason));
    socket.write('{"type":"spent","reason":"something is left"}\n');
    await expect.poll(() => spent).toEqual(['something is left']);
  });

  it.each([
    ['no JSON', 'hello\n'],
    ['an unknown message', '{"type":"taken over"}\n'],
    ['a line that is too long', 'x'.repeat(MAX_HAND_OVER_LINE + 1)],
    ['nothing and goes', null],
  ])('WP-10: a runner that says %s is let go of, and whoever waits for its answer hears so', async (_, words) => {
    const { next } = await runner(READY);
    const client = await open();
    const socket = await next();
    const answer = client.assign(message(), AbortSignal.timeout(10_000));
    if (words === null) socket.destroy();
    else socket.write(words);
    expect(await answer).toMatchObject({ outcome: 'refused' });
    await client.closed;
    expect(client.isOpen).toBe(false);
    expect(await client.assign(message(), AbortSignal.timeout(5_000))).toMatchObject({ outcome: 'refused' });
  });

  it('WP-10: every wait ends with its signal', async () => {
    await expect(open(AbortSignal.timeout(50))).rejects.toThrow('timeout');
    const { next } = await runner('');
    await expect(open(AbortSignal.timeout(50))).rejects.toThrow('timeout');
    (await next()).destroy();
    await expect(open(AbortSignal.abort(new Error('stopping')))).rejects.toThrow('stopping');
    const gone = open();
    (await next()).end();
    await expect(gone).rejects.toThrow('closed its hand-over socket');
    const opening = open();
    (await next()).write(READY);
    const silent = (await opening).assign(message(), AbortSignal.timeout(50));
    expect(await silent).toMatchObject({ outcome: 'refused', reason: expect.stringContaining('in time') });
  });

  it('WP-10: speaks to nothing but a socket in that place', async () => {
    await runner(READY);
    const elsewhere = join(folder, 'link.sock');
    await symlink(path, elsewhere);
    const signal = AbortSignal.timeout(5_000);
    await expect(openHandOver(elsewhere, signal)).rejects.toThrow('no socket');
    await expect(openHandOver(join(folder, 'x'.repeat(120)), signal)).rejects.toThrow('107 bytes');
  });
});
