import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type CoordinatorMessage, RunnerMessage } from '@roundhouse/contracts';
import { within } from '@roundhouse/testkit';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { LinkClient } from './link-client.ts';

const BOUND_MS = 20_000;
/** Longer than a test: whatever is sent here is sent for another reason than time. */
const NEVER_MS = 600_000;
const NOTHING = { prompts: [], recalls: [], inputs: [], held: false, publish: null, stop: null };

let server: WebSocketServer;
let link: LinkClient;
let beats = 0;
beforeEach(async () => {
  server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  beats = 0;
  const coordinatorUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const times = { renewMs: NEVER_MS, answerMs: NEVER_MS, selfFenceMs: NEVER_MS, startMs: NEVER_MS };
  link = new LinkClient(
    { coordinatorUrl, door: null, token: 'x', log: pino({ level: 'silent' }), times },
    { onDesired: () => undefined, onBeat: () => (beats += 1) },
  );
});
afterEach(async () => {
  link.close();
  for (const client of server.clients) client.terminate();
  await new Promise((resolve) => server.close(resolve));
});

/** Takes the next connection and welcomes the runner on it. Answers its first message, which nobody has asked for yet. */
async function welcome(eventSeq: number) {
  const [socket] = (await within(BOUND_MS, 'a connection', once(server, 'connection'))) as [WebSocket];
  const first = once(socket, 'message').then(([data]) => RunnerMessage.parse(JSON.parse((data as Buffer).toString())));
  const message: CoordinatorMessage = { type: 'welcome', eventSeq, outputOffset: 0, desired: NOTHING };
  socket.send(JSON.stringify(message));
  return { socket, first: () => within(BOUND_MS, 'a message', first) };
}

describe('the link', () => {
  it('is not renewed upon its first welcome, which is a lease itself, but upon each later one', async () => {
    const one = await welcome(0);
    await within(BOUND_MS, 'the welcome to be heard', link.welcomed);
    // Messages keep their order: a heartbeat with the welcome would come before what is reported after it.
    link.report({ type: 'agent_exited', code: 0, signal: null });
    expect([await one.first(), beats]).toMatchObject([{ type: 'event', seq: 1 }, 0]);

    for (const beat of [1, 2]) {
      for (const client of server.clients) client.terminate();
      const again = await welcome(1);
      expect([await again.first(), beats]).toEqual([{ type: 'heartbeat' }, beat]);
    }
  });
});
