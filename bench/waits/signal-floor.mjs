import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startCommits, times } from '../dispatch/floors.mjs';
import { httpCall } from '../simulated/http-call.mjs';
import { startProcess } from '../simulated/service-process.mjs';

/** @typedef {Awaited<ReturnType<typeof startSignalFloor>>} SignalFloor */

/** What a signal cannot do without: one Lua commit and one round trip over HTTP, to parts that do nothing else. */
export async function startSignalFloor() {
  const folder = await mkdtemp(join(tmpdir(), 'roundhouse-bench-'));
  const commits = await startCommits(folder);
  const server = await startProcess(fileURLToPath(new URL('bare-server.mjs', import.meta.url)), {});
  const call = () => httpCall(server.url, 'POST', '/', {}, { timeoutMs: 1 });
  await times(100, call);
  return {
    /** One of each, just now, ms. */
    async sample() {
      const [commitMs = 0] = await times(1, commits.commit);
      const [roundTripMs = 0] = await times(1, call);
      return commitMs + roundTripMs;
    },
    async stop() {
      await commits.stop();
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
