import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { AGENT_TERMINAL, type Assignment } from '@roundhouse/contracts';
import { layOutRehearsal } from './adapters/git/rehearsal-checkout.ts';
import { serveRehearsal } from './adapters/link/rehearsal-coordinator.ts';
import { readOrder } from './adapters/hand-over/hand-over-socket.ts';
import { type AttemptConfig, type Loaded, portsOf } from './app.ts';
import { worktreeIn } from './box.ts';
import type { Surroundings } from './config.ts';
import type { Log } from './ports.ts';
import { runAttempt } from './run-attempt.ts';

/**
 * The first attempt of a process takes 50 ms of processor time to its agent's start, the third 15. One with each way that a
 * first prompt goes: typed, and along with the start.
 */
const WAYS = ['paste', 'file'] as const;
type Way = (typeof WAYS)[number];
const BOUND_MS = 10_000;
const COMMIT = '0'.repeat(40);
const SILENT: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/**
 * Goes through a whole attempt in a folder of its own, with `git --version` for an agent, so that the real one finds all
 * code loaded and compiled. What it leaves is removed. @throws where something of it did not work.
 */
export async function rehearse(here: Surroundings, loaded: Loaded, terminated: AbortSignal): Promise<void> {
  const signal = AbortSignal.any([terminated, AbortSignal.timeout(BOUND_MS)]);
  for (const promptVia of WAYS) {
    if (signal.aborted) return;
    const folder = await mkdtemp(join(here.temporary, 'rh-'));
    try {
      await goThrough(folder, promptVia, here, loaded, signal);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
}

async function goThrough(
  folder: string,
  promptVia: Way,
  here: Surroundings,
  loaded: Loaded,
  signal: AbortSignal,
): Promise<void> {
  const mark = 'rehearsal';
  const run = rehearsedOrder(orderOf(folder, await freePort(), promptVia), mark);
  const worktree = worktreeIn(folder);
  await mkdir(worktree);
  await layOutRehearsal(worktree, COMMIT, folder);
  const coordinator = await serveRehearsal(join(folder, 'c.sock'), promptVia === 'file' ? [prompt()] : []);
  try {
    const ports = portsOf({ run, mark }, here, loaded, SILENT);
    // Its agent has ended by itself; nothing is looked for, and nothing archived.
    const endTree = () => Promise.resolve({ left: [] });
    const { inherited, temporary } = here;
    await runAttempt({ run, mark, inherited, temporary }, { ...ports, endTree }, signal);
  } finally {
    coordinator.close();
  }
}

const prompt = () => ({ id: randomUUID(), ordinal: 1, revision: 0, text: 'rehearsal' });

/** As it comes out of a line of the hand-over: what checks one is compiled when it checks the first. */
function rehearsedOrder(config: AttemptConfig, mark: string): AttemptConfig {
  const order = readOrder(JSON.stringify({ type: 'assign', config, mark, again: false }));
  if (typeof order === 'string') throw new Error(order);
  return order.config;
}

function orderOf(folder: string, port: number, promptVia: Way): AttemptConfig {
  const bound = { projectId: randomUUID(), taskId: randomUUID(), attempt: 1 };
  return {
    mode: 'attempt',
    folder,
    isolated: false,
    doors: [{ port, socket: join(folder, 'c.sock') }],
    coordinatorUrl: `http://127.0.0.1:${port}`,
    mcpUrl: `http://127.0.0.1:${port}/mcp`,
    ...bound,
    token: randomUUID(),
    assignment: assignmentOf(bound, promptVia),
    hubObjects: folder,
    worktree: 'prepared',
    proxyUrl: null,
    agentEnvironment: {},
  };
}

const assignmentOf = (
  { taskId, attempt, projectId }: Pick<Assignment, 'taskId' | 'attempt' | 'projectId'>,
  promptVia: Way,
): Assignment => ({
  taskId,
  attempt,
  projectId,
  baseBranch: 'main',
  baseCommit: COMMIT,
  branch: 'task/rehearsal',
  agent: { kind: 'command', argv: ['git', '--version'], promptVia },
  author: { name: 'Nobody', email: 'nobody@roundhouse.invalid' },
  subtaskToken: randomUUID(),
  doneToken: randomUUID(),
  ...AGENT_TERMINAL,
});

/** Nobody else is given it at once; where somebody takes it all the same, the rehearsal fails and nothing else. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port is free');
  return address.port;
}
