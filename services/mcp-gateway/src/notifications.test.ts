import { fileURLToPath } from 'node:url';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { within } from '@roundhouse/testkit';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Gateway, startGateway } from './http.ts';
import { NOTIFICATIONS_URI } from './notifications-resource.ts';
import { ERAS } from './testing/clients.ts';
import { COORDINATOR_ID, type Seen, startContractServer, TASK_ID, TOKENS } from './testing/contract-server.ts';

const MAIN = fileURLToPath(new URL('../dist/bundle/stdio-main.js', import.meta.url));
const BOUND_MS = 20_000;
const AT = '2026-11-23T01:02:03.000Z';

const entry = {
  id: `${TASK_ID}.7`,
  taskId: TASK_ID,
  taskName: 'a task',
  kind: 'finished',
  detail: null,
  commit: null,
  version: 7,
  attempt: 1,
  at: AT,
  told: 1,
} as const;
const box = {
  entries: [{ ...entry, dueAt: AT }],
  nextCursor: null,
  nextDueAt: AT,
  heldByWait: false,
  settings: { delaySeconds: 30, webhookUrl: null },
  webhook: null,
};
const event = (kind: string): string =>
  JSON.stringify({
    taskId: TASK_ID,
    coordinatorId: COORDINATOR_ID,
    version: 7,
    attempt: 1,
    kinds: [kind],
    at: AT,
    cursor: '7-0',
    notification: { id: TASK_ID, coordinatorId: COORDINATOR_ID, at: AT, pending: 1, entries: [entry] },
  });

let api: Awaited<ReturnType<typeof startContractServer>>;
let gateway: Gateway;
/** Writes to the streams that are open, in the order in which they were opened. */
let streams: ((text: string) => void)[];
let onStream: () => void;

beforeEach(async () => {
  streams = [];
  onStream = () => undefined;
  api = await startContractServer(({ url }) => {
    if (!url.startsWith('/api/events')) return { status: 200, body: box };
    return {
      stream: (write) => {
        write('retry: 1000\nid: 5-0\n\n');
        streams.push(write);
        onStream();
      },
    };
  });
  const config = {
    coordinatorUrl: api.url,
    host: '127.0.0.1',
    port: 0,
    allowedHosts: ['127.0.0.1'],
    logLevel: 'silent',
  } as const;
  gateway = await startGateway(config, pino({ level: 'silent' }));
});
afterEach(async () => {
  await gateway.stop();
  await api.stop();
});

const stream = (count: number): Promise<void> =>
  within(
    BOUND_MS,
    `stream ${count}`,
    new Promise<void>((resolve) => {
      onStream = () => {
        if (streams.length >= count) resolve();
      };
      onStream();
    }),
  );

const streamsSeen = (): Seen[] => api.seen.filter(({ url }) => url.startsWith('/api/events'));

/** Resolves when the client is told that the resource has changed. */
function updates(client: Client) {
  const uris: string[] = [];
  let wake: () => void = () => undefined;
  client.setNotificationHandler('notifications/resources/updated', ({ params }) => {
    uris.push(params.uri);
    wake();
  });
  return (count: number): Promise<void> =>
    within(
      BOUND_MS,
      `update ${count}`,
      new Promise<void>((resolve) => {
        wake = () => {
          if (uris.length >= count) resolve();
        };
        wake();
      }),
    );
}

const httpClient = async (token: string): Promise<Client> => {
  const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode: { pin: '2026-07-28' } } });
  const headers = { authorization: `Bearer ${token}` };
  await client.connect(new StreamableHTTPClientTransport(new URL(`${gateway.url}/mcp`), { requestInit: { headers } }));
  return client;
};

describe('notifications over MCP', () => {
  it('NO-19: a client that listens is told that its box has changed, and reads it; only while it listens', async () => {
    const client = await httpClient(TOKENS.coordinator);
    const updated = updates(client);
    const { resources } = await client.listResources();
    expect(resources.map(({ uri }) => uri)).toEqual([NOTIFICATIONS_URI]);
    expect(streamsSeen()).toEqual([]);
    const subscription = await client.listen({ resourceSubscriptions: [NOTIFICATIONS_URI] });
    await stream(1);
    const [asked] = streamsSeen();
    expect(asked?.url).toBe('/api/events?kinds=notification');
    expect(asked?.headers).toMatchObject({
      authorization: `Bearer ${TOKENS.coordinator}`,
      'x-coordinator-id': 'self',
    });
    // An event may come in pieces, and beside others.
    streams[0]?.(`: \n\nid: 6-0\ndata: ${event('created')}\n\nid: 7-0\ndata: ${event('notification').slice(0, 40)}`);
    streams[0]?.(`${event('notification').slice(40)}\n\n`);
    await updated(1);
    const { contents } = await client.readResource({ uri: NOTIFICATIONS_URI });
    expect(JSON.parse((contents[0] as { text: string }).text)).toEqual(box);
    await subscription.close();
    await within(BOUND_MS, 'the end of the stream', api.cut);
    await client.close();
  });

  it('NO-20: a stream that breaks is taken up again with the last id; each client hears its own coordinator alone', async () => {
    const client = await httpClient(TOKENS.coordinator);
    const phone = await httpClient(TOKENS.subtask);
    expect(phone.getServerCapabilities()?.resources).toBeUndefined();
    const updated = updates(client);
    const subscription = await client.listen({ resourceSubscriptions: [NOTIFICATIONS_URI] });
    await stream(1);
    streams[0]?.(`id: 7-0\ndata: ${event('notification')}\n\n`);
    await updated(1);
    api.breakStreams();
    await stream(2);
    expect(streamsSeen().at(-1)?.headers['last-event-id']).toBe('7-0');
    streams[1]?.(`id: 8-0\ndata: ${event('notification')}\n\n`);
    await updated(2);
    await subscription.close();
    await Promise.all([client.close(), phone.close()]);
  });

  it('NO-21: clients of the older era are told over stdio once they subscribe; over HTTP they are not promised it', async () => {
    const [, older] = ERAS[1];
    const headers = { authorization: `Bearer ${TOKENS.coordinator}` };
    const http = await older(gateway.url, headers);
    expect(http.resourcesCapability()).toEqual({ subscribe: false });
    await http.close();

    const env = { PATH: process.env['PATH'] ?? '', ROUNDHOUSE_TOKEN: TOKENS.coordinator, ROUNDHOUSE_URL: api.url };
    for (const mode of ['older', 'newer'] as const) {
      const before = streams.length;
      const client =
        mode === 'older'
          ? new Client({ name: 'test', version: '1' })
          : new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode: { pin: '2026-07-28' } } });
      const updated = updates(client);
      await client.connect(
        new StdioClientTransport({ command: process.execPath, args: [MAIN], env, stderr: 'ignore' }),
      );
      if (mode === 'older') await client.subscribeResource({ uri: NOTIFICATIONS_URI });
      else await client.listen({ resourceSubscriptions: [NOTIFICATIONS_URI] });
      // Whichever of its streams is the one that counts: one that was only for a probe is gone by now.
      const say = (write: (text: string) => void): void => write(`id: 9-0\ndata: ${event('notification')}\n\n`);
      streams.slice(before).forEach(say);
      onStream = () => streams.slice(-1).forEach(say);
      await updated(1);
      await client.close();
    }
  });
});
