import { request } from 'node:http';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readConfig } from '../config.ts';
import { type StartedCoordinator, startedCoordinator } from '../testing/started-coordinator.ts';

const settings = {
  ROUNDHOUSE_REDIS: 'redis://redis:6379',
  ROUNDHOUSE_DATA: '/data',
  ROUNDHOUSE_OPERATOR_TOKEN_FILE: '/run/operator',
  ROUNDHOUSE_LAUNCHER_TOKEN_FILE: '/run/launcher',
};
const inContainers = readConfig({
  ...settings,
  ROUNDHOUSE_HOST: '0.0.0.0',
  ROUNDHOUSE_PUBLIC_URL: 'http://roundhouse.example:8400',
  ROUNDHOUSE_ALLOWED_HOSTS: 'coordinator, Coordinator.Control',
});

let service: StartedCoordinator;
beforeAll(async () => {
  const { host, publicUrl, allowedHosts } = inContainers;
  service = await startedCoordinator({ host, publicUrl, allowedHosts });
});
afterAll(() => service.stop());

/** The status of a health check under a Host header of ours. */
const asked = (host: string): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    const url = new URL('/api/health', service.url);
    request(url, { host: '127.0.0.1', headers: { host } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on('error', reject)
      .end();
  });

it('ID-11: it answers to its own names, those that it is told, and its public one, at any port', async () => {
  for (const host of [
    '127.0.0.1:7400',
    'localhost',
    '[::1]:7400',
    'coordinator:7400',
    'COORDINATOR',
    'coordinator.control:1',
  ]) {
    expect([host, await asked(host)]).toEqual([host, 200]);
  }
  expect(await asked('roundhouse.example:8400')).toBe(200);
  for (const host of ['redis:7400', 'coordinator.evil:7400', '169.254.169.254', 'coordinator:7400:1']) {
    expect([host, await asked(host)]).toEqual([host, 400]);
  }
});

it('ID-11: where it listens on every address it is told of by its public one', async () => {
  expect(service.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  const { gitUrl } = await service.operator.call('createProject', { name: 'x' });
  expect(gitUrl).toMatch(/^http:\/\/roundhouse\.example:8400\/git\//);
  expect(readConfig(settings)).toMatchObject({ host: '127.0.0.1', allowedHosts: [], publicUrl: null });
});
