import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, it } from 'vitest';
import { leaksSince, takeBaseline } from './leak-check.ts';
import { processTable } from './process-table.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { eventually } from './waiting.ts';

const SOON_MS = 100;

it('K-10: finds a child process, and not once it has ended', async () => {
  const baseline = await takeBaseline();
  const child = spawn('sleep', ['60'], { stdio: 'ignore' });
  await once(child, 'spawn');
  expect(await leaksSince(baseline, SOON_MS)).toContainEqual(expect.stringMatching(/^process \d+: sleep 60$/));
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(await leaksSince(baseline)).toEqual([]);
  baseline.timers.stop();
});

it('K-10: finds an orphan in a session of its own by the temporary folder that it carries', async () => {
  const folder = await temporaryFolder();
  const baseline = await takeBaseline();
  const script = `const c = require('node:child_process').spawn('sleep', ['60'],
    { detached: true, stdio: 'ignore', env: { PATH: process.env.PATH, DATA: ${JSON.stringify(folder.path)} } });
    c.unref();`;
  const parent = spawn(process.execPath, ['-e', script], { stdio: 'ignore' });
  await once(parent, 'exit');
  const leaks = await leaksSince(baseline, SOON_MS);
  expect(leaks).toContainEqual(expect.stringMatching(/^process \d+: sleep 60$/));
  const pid = Number(/process (\d+)/.exec(leaks.join('\n'))?.[1]);
  process.kill(pid, 'SIGKILL');
  await eventually('the end of the orphan', 5_000, async () => {
    const alive = (await processTable()).some((row) => row.pid === pid && !row.zombie);
    return alive ? undefined : true;
  });
  await folder.remove();
  expect(await leaksSince(baseline)).toEqual([]);
  baseline.timers.stop();
});

it('K-10: finds an open server and a running interval', async () => {
  const baseline = await takeBaseline();
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const timer = setInterval(() => {}, 60_000);
  const leaks = await leaksSince(baseline, SOON_MS);
  expect(leaks).toContainEqual(expect.stringContaining('TCPServerWrap'));
  expect(leaks).toContainEqual(expect.stringMatching(/^timer made .*leak-check\.test\.ts/));
  clearInterval(timer);
  server.close();
  await once(server, 'close');
  expect(await leaksSince(baseline)).toEqual([]);
  baseline.timers.stop();
});

it('K-10: finds a temporary folder that was not removed', async () => {
  const baseline = await takeBaseline();
  const folder = await temporaryFolder();
  expect(await leaksSince(baseline, SOON_MS)).toEqual([expect.stringMatching(/^folder rh-test-/)]);
  await folder.remove();
  expect(await leaksSince(baseline)).toEqual([]);
  baseline.timers.stop();
});
