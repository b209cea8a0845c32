import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ApiClient, RoundhouseError } from '@roundhouse/contracts';
import { afterEach, describe, expect, it } from 'vitest';
import { patientCall } from './patient-call.ts';

const servers: Server[] = [];
afterEach(() => Promise.all(servers.splice(0).map((server) => once(server.close(), 'close'))));

/** A service that answers each request with the next of these, the last one again and again. */
async function answering(...answers: { status: number; body: unknown }[]) {
  let asked = 0;
  const server = createServer((request, response) => {
    request.resume();
    const { status, body } = answers[Math.min(asked, answers.length - 1)] ?? { status: 500, body: null };
    asked += 1;
    response.writeHead(status, { connection: 'close', 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  servers.push(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const client = new ApiClient({ baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, token: '' });
  return { client, asked: () => asked };
}
const error = (code: 'stopping' | 'forbidden') => {
  const made = new RoundhouseError(code, 'no');
  return { status: made.status, body: made.toBody() };
};
const well = { status: 200, body: { status: 'ok', version: '1', redisMs: 1 } };
const signal = AbortSignal.timeout(20_000);

describe('patientCall', () => {
  it('RP-17: asks again while the service is away or not itself, and no refusal twice', async () => {
    const away = await answering(error('stopping'), { status: 502, body: 'of somebody else' }, well);
    expect(await patientCall(away.client, signal)('getHealth', {})).toEqual(well.body);
    expect(away.asked()).toBe(3);
    const refusing = await answering(error('forbidden'));
    await expect(patientCall(refusing.client, signal)('getHealth', {})).rejects.toMatchObject({ code: 'forbidden' });
    expect(refusing.asked()).toBe(1);
  });

  it('RP-17: gives up when its patience is over, or at once when nobody wants it any more', async () => {
    const { client, asked } = await answering(error('stopping'));
    await expect(patientCall(client, signal, 500)('getHealth', {})).rejects.toMatchObject({ code: 'stopping' });
    expect(asked()).toBeGreaterThan(1);
    const stop = new AbortController();
    const call = patientCall(client, stop.signal)('getHealth', {});
    stop.abort(new Error('enough'));
    await expect(call).rejects.toThrow();
  });
});
