import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeFileAtomic } from '@roundhouse/host';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ServiceProcess, startServiceProcess } from './service-process.ts';

const SERVES = `process.send({ type: 'ready', url: 'http://127.0.0.1:1' }); setInterval(() => {}, 1000);`;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'service-process-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function start(text: string, signal = new AbortController().signal): Promise<ServiceProcess> {
  const main = join(folder, 'main.cjs');
  await writeFileAtomic(main, text, { mode: 0o600 });
  return startServiceProcess({ name: 'probe', main, environment: { PATH: process.env['PATH'] }, output: 2, signal });
}

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

describe('startServiceProcess', () => {
  it('C-6: is ready when the process says so, in a process group of its own', async () => {
    const service = await start(`process.on('SIGTERM', () => process.exit(0)); ${SERVES}`);
    expect(service.url).toBe('http://127.0.0.1:1');
    expect(process.kill(-service.pid, 0)).toBe(true);
    await service.stop(5_000);
    await service.stop(5_000);
    expect(await service.ended).toBe('ended with exit code 0');
    expect(isAlive(service.pid)).toBe(false);
  });

  it('C-6: one that ends before it is ready is an error with its exit code', async () => {
    await expect(start('process.exit(3)')).rejects.toThrow('probe ended with exit code 3 while starting');
  });

  it('C-6: one that ignores SIGTERM is killed when its time is up', async () => {
    const service = await start(`process.on('SIGTERM', () => {}); ${SERVES}`);
    const startedAt = performance.now();
    await service.stop(300);
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    expect(await service.ended).toBe('was ended by SIGKILL');
    expect(isAlive(service.pid)).toBe(false);
  });

  it('C-6: aborting a start leaves nothing', async () => {
    const giveUp = new AbortController();
    const starting = start('setInterval(() => {}, 1000)', giveUp.signal);
    setTimeout(() => giveUp.abort(), 200);
    await expect(starting).rejects.toThrow(/was stopped while starting/);
  });
});
