import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const host = new URL('../dist/index.js', import.meta.url).href;
const logger = `const say = (fields, message) => process.stderr.write(message + '\\n'); const logger = { debug: say, info: say, warn: say, error: say };`;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'host-service-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function startService(start: string): Promise<{ child: ChildProcess; errors: () => string }> {
  const file = join(folder, 'main.mjs');
  await writeFile(
    file,
    `import { runService } from ${JSON.stringify(host)}; ${logger}\nawait runService('test', { logger: () => logger, start: ${start} });`,
  );
  const child = fork(file, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'], execArgv: [] });
  let errors = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (errors += text));
  return { child, errors: () => errors };
}

const serving = `async () => { const t = setInterval(() => {}, 1000); return { url: 'http://127.0.0.1:1', stop: async () => { clearInterval(t); process.stderr.write('STOPPED\\n'); } } }`;

describe('runService', () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`H-10: says that it is ready and stops once at ${signal}, with exit code 0`, async () => {
      const { child, errors } = await startService(serving);
      const [message] = (await once(child, 'message')) as [unknown];
      expect(message).toEqual({ type: 'ready', url: 'http://127.0.0.1:1' });
      child.kill(signal);
      child.kill(signal);
      const [code] = (await once(child, 'close')) as [number | null];
      expect(code).toBe(0);
      expect(errors().match(/STOPPED/g)).toHaveLength(1);
    });
  }

  it('H-10: stops when its parent is gone', async () => {
    const { child, errors } = await startService(serving);
    await once(child, 'message');
    child.disconnect();
    // Node emits no "close" for a child whose channel the parent has closed.
    const [[code]] = await Promise.all([once(child, 'exit'), once(child.stderr as NodeJS.ReadableStream, 'end')]);
    expect(code).toBe(0);
    expect(errors()).toContain('STOPPED');
  });

  it('H-10: is told to stop while it still starts', async () => {
    const { child } = await startService(
      `({ signal }) => new Promise((_, reject) => { const t = setInterval(() => {}, 1000); signal.addEventListener('abort', () => { clearInterval(t); reject(new Error('given up')); }); process.send('starting'); })`,
    );
    await once(child, 'message');
    child.kill('SIGTERM');
    const [code] = (await once(child, 'close')) as [number | null];
    expect(code).toBe(0);
  });

  it('H-11: a start that fails is one line and exit code 1', async () => {
    const { child, errors } = await startService(
      `async () => { throw Object.assign(new Error('[\\n {}\\n]'), { issues: [{ path: ['ROUNDHOUSE_REDIS'], message: 'is missing' }, { path: ['X'], message: 'no' }] }) }`,
    );
    const [code] = (await once(child, 'close')) as [number | null];
    expect(code).toBe(1);
    expect(errors()).toBe('test: cannot start: ROUNDHOUSE_REDIS: is missing; X: no\n');
  });

  it('H-11: a stop that fails is exit code 1', async () => {
    const { child, errors } = await startService(
      `async () => ({ url: null, stop: async () => { throw new Error('no') } })`,
    );
    await once(child, 'message');
    child.kill('SIGTERM');
    const [code] = (await once(child, 'close')) as [number | null];
    expect(code).toBe(1);
    expect(errors()).toContain('did not stop cleanly');
  });
});
