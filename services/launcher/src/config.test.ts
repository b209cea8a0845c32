import { describe, expect, it } from 'vitest';
import { readConfig } from './config.ts';

describe('config', () => {
  it('L-11: what is needed is said for the kind of sandboxes', () => {
    const environment = {
      ROUNDHOUSE_REDIS: '/redis.sock',
      ROUNDHOUSE_COORDINATOR_URL: 'http://127.0.0.1:1',
      ROUNDHOUSE_LAUNCHER_TOKEN_FILE: '/token',
      ROUNDHOUSE_SANDBOXES: '/sandboxes',
    };
    expect(() => readConfig(environment)).toThrow('ROUNDHOUSE_RUNNER_MAIN');
    const docker = { ...environment, ROUNDHOUSE_SANDBOX_KIND: 'docker' };
    expect(() => readConfig(docker)).toThrow('ROUNDHOUSE_RUNNER_TREE');
    const all = { ...docker, ROUNDHOUSE_RUNNER_TREE: '/tree', ROUNDHOUSE_DOORS: '/doors' };
    expect(readConfig(all).sandbox).toMatchObject({ kind: 'docker', egress: false, image: 'roundhouse-sandbox:0.1.0' });
    expect(() => readConfig({ ...all, ROUNDHOUSE_WARM_MIN: '3' })).toThrow('ROUNDHOUSE_WARM_MIN');
    expect(() => readConfig({ ...all, ROUNDHOUSE_IMAGE: 'NO IMAGE' })).toThrow('ROUNDHOUSE_IMAGE');
  });
});
