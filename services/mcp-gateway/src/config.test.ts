import { get } from 'node:http';
import { pino } from 'pino';
import { afterEach, expect, it } from 'vitest';
import { readConfig } from './config.ts';
import { type Gateway, startGateway } from './http.ts';

let gateway: Gateway | undefined;
afterEach(() => gateway?.stop());

const settings = { ROUNDHOUSE_COORDINATOR_URL: 'http://coordinator:7400' };

it('ID-11: a gateway on every address answers to its own names and those that it is told, at any port', async () => {
  const config = readConfig({
    ...settings,
    ROUNDHOUSE_HOST: '0.0.0.0',
    ROUNDHOUSE_ALLOWED_HOSTS: 'mcp-gateway, Agents.Example',
  });
  gateway = await startGateway(config, pino({ level: 'silent' }));
  expect(gateway.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  const url = new URL('/health', gateway.url);
  const asked = (host: string) =>
    new Promise((resolve, reject) => {
      get(url, { headers: { host } }, (response) => resolve(response.resume().statusCode)).on('error', reject);
    });
  for (const host of ['127.0.0.1:7401', 'localhost:80', '[::1]', 'mcp-gateway:7401', 'agents.example'])
    expect([host, await asked(host)]).toEqual([host, 200]);
  for (const host of ['0.0.0.0:7401', 'coordinator:7400', 'mcp-gateway.evil']) {
    expect([host, await asked(host)]).toEqual([host, 400]);
  }
});

it('ID-11: by itself it listens for this machine alone', () => {
  expect(readConfig(settings)).toMatchObject({
    host: '127.0.0.1',
    allowedHosts: ['127.0.0.1', 'localhost', '[::1]'],
  });
});
