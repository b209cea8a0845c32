import { join } from 'node:path';
import type { RunnerConfig, RunnerEvent } from '@roundhouse/contracts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { untilAborted, whenAborted, within } from './handlers/bounds.ts';
import { LatestWish, type Stop } from './handlers/latest-wish.ts';
import { PublishDesk } from './handlers/publish-work.ts';
import { saveWork } from './handlers/save-work.ts';
import { type Agent, startAgent } from './handlers/start-agent.ts';
import type {
  AdapterOf,
  Archiver,
  EndTree,
  Link,
  LinkEnd,
  LinkListener,
  Log,
  Now,
  Publisher,
  Terminals,
  WorktreeProvider,
} from './ports.ts';

export interface AttemptOrder {
  readonly run: Extract<RunnerConfig, { mode: 'attempt' }>;
  readonly mark: string;
  readonly inherited: Readonly<Record<string, string>>;
}

export interface AttemptPorts {
  readonly dial: (listener: LinkListener) => Link;
  readonly worktrees: WorktreeProvider;
  readonly terminals: Terminals;
  readonly adapterOf: AdapterOf;
  readonly publisher: Publisher;
  readonly archiver: Archiver;
  readonly endTree: EndTree;
  readonly now: Now;
  readonly log: Log;
}

type Ending =
  | { readonly why: 'stop'; readonly stop: Stop }
  | { readonly why: 'link'; readonly end: LinkEnd }
  | { readonly why: 'signal' };

/** How long a runner that was told to end waits for the coordinator's word where to archive. */
const LAST_WORD_MS = 3_000;
/** How long the last events may take to be acknowledged before the runner goes. */
const DRAIN_MS = 2_000;
const MAX_REASON = 4_000;

/** What an attempt has brought into being so far. */
interface Bench {
  agent: Agent | null;
  publishing: PublishDesk | null;
}

/**
 * One attempt, from its first word to the coordinator to the archive of what it left. Resolves with the exit code when
 * nothing of the sandbox runs any more but this process. `terminated` is SIGTERM.
 */
export async function runAttempt(order: AttemptOrder, ports: AttemptPorts, terminated: AbortSignal): Promise<ExitCode> {
  const wish = new LatestWish();
  const link = ports.dial(wish);
  const bench: Bench = { agent: null, publishing: null };
  const over = new AbortController();
  try {
    const settingUp = setUp(bench, order, ports, link, wish, over.signal);
    const ending = await firstEnding(wish, link, terminated);
    ports.log.info({ why: ending.why, ...(ending.why === 'link' ? ending.end : {}) }, 'winding up');
    over.abort(new Error('the attempt is being wound up'));
    await settingUp;
    await clear(bench, ports);
    return await conclude(ending, order, ports, link, wish);
  } finally {
    link.close();
  }
}

/** Makes the worktree, starts the agent in it and has it attended to. A failure is reported, not thrown. */
async function setUp(
  bench: Bench,
  order: AttemptOrder,
  ports: AttemptPorts,
  link: Link,
  wish: LatestWish,
  signal: AbortSignal,
): Promise<void> {
  const { run, mark, inherited } = order;
  const report = (event: RunnerEvent): void => link.report(event);
  try {
    const assignment = await untilAborted(link.assignment, signal);
    const { folder, mcpUrl, coordinatorUrl, hubObjects } = run;
    const worktree = worktreeIn(folder);
    const hub = hubOf(order, run.token);
    await ports.worktrees.create({ path: worktree, hub, hubObjects, ...assignment }, signal);
    ports.log.info({ branch: assignment.branch, commit: assignment.baseCommit }, 'worktree made');
    const agent = await startAgent(
      { assignment, folder, worktree, mark, mcpUrl, coordinatorUrl, inherited },
      { ...ports, report, output: (data) => link.output(data) },
      wish,
      signal,
    );
    ports.log.info({ pid: agent.terminal.pid, agent: assignment.agent.kind }, 'agent started');
    const publishing = new PublishDesk(
      ports.publisher,
      { path: worktree, hub, branch: assignment.branch },
      report,
      ports.log,
    );
    Object.assign(bench, { agent, publishing } satisfies Bench);
    wish.follow((desired) => {
      agent.prompts.want(desired.prompts);
      publishing.want(desired.publish);
    });
    void agent.terminal.exited.then((exit) => {
      agent.prompts.close();
      ports.log.info(exit, 'agent exited');
      report({ type: 'agent_exited', ...exit });
    });
  } catch (error) {
    if (signal.aborted) return;
    const reason = error instanceof Error ? error.message : String(error);
    ports.log.error({ reason }, 'the attempt failed');
    report({ type: 'attempt_failed', reason: reason.slice(0, MAX_REASON) });
  }
}

async function firstEnding(wish: LatestWish, link: Link, terminated: AbortSignal): Promise<Ending> {
  return Promise.race([
    wish.stop.then((stop): Ending => ({ why: 'stop', stop })),
    link.ended.then((end): Ending => ({ why: 'link', end })),
    whenAborted(terminated).then((): Ending => ({ why: 'signal' })),
  ]);
}

/** Ends the push that is under way and every process of the sandbox; what the agent printed last is still taken. */
async function clear({ agent, publishing }: Bench, { endTree, log }: AttemptPorts): Promise<void> {
  await publishing?.close();
  const { left } = await endTree(agent === null ? [] : [agent.terminal.pid]);
  if (left.length > 0) log.error({ left }, 'processes could not be ended');
  if (agent === null) return;
  await within(DRAIN_MS, agent.terminal.exited);
  agent.close();
}

/** Nothing writes in the worktree any more: archives it where that is ours to do. */
async function conclude(
  ending: Ending,
  order: AttemptOrder,
  ports: AttemptPorts,
  link: Link,
  wish: LatestWish,
): Promise<ExitCode> {
  if (ending.why === 'link') return ending.end.kind === 'broken' ? EXIT.terminated : EXIT.fenced;
  const stop = ending.why === 'stop' ? ending.stop : await within(LAST_WORD_MS, wish.stop);
  if (stop === null) return EXIT.terminated;
  const path = worktreeIn(order.run.folder);
  const scratch = join(order.run.folder, 'archive');
  const saved = await saveWork(
    ports.archiver,
    { path, scratch, hub: hubOf(order, stop.archiveToken), ref: stop.archiveRef },
    ports.log,
  );
  await link.drained(DRAIN_MS);
  return saved ? EXIT.done : EXIT.unsaved;
}

export const worktreeIn = (folder: string): string => join(folder, 'worktree');

const hubOf = ({ run }: AttemptOrder, token: string): { url: string; token: string } => ({
  url: `${run.coordinatorUrl}/git/${run.projectId}.git`,
  token,
});
